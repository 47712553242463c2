#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/env.h"
#include "base/result.h"
#include "data/version/remote/remote.h"

namespace pano::remote {

// An object that is to be moved. A value.
struct Object {
  std::string oid;
  bool legacy = false;  // the layout of DVC 2.x, whose text hashes are of another kind: its content
                        // is checked by `check_content` alone
  std::string name;  // what it is of, for messages ("data/train.csv"); may be empty
};

struct TransferOptions {
  int jobs = 0;  // calls at once; 0: what the remote makes sense of
  std::stop_token stop = {};
  std::function<void(uint64_t bytes)> on_bytes = {};  // so many more moved; from any thread
};

struct TransferReport {
  uint64_t moved = 0, present = 0,
           bytes = 0;                // objects, objects that were there already, bytes moved
  std::vector<std::string> missing;  // object ids that the remote does not have (Fetch)
};

// The objects that the remote lacks, of `objects`. One question for each id.
Result<std::vector<Object>> Missing(Remote& remote, const std::vector<Object>& objects,
                                    const std::stop_token& stop);

// Puts what the remote lacks: all files first, then the manifests (".dir"), as DVC takes a manifest
// on a remote for the word that all its files are there. Where a file fails no manifest is sent.
// `path_of` gives the file of an object in the cache; NotFound fails the transfer and names it.
Result<TransferReport> Push(Remote& remote, const std::vector<Object>& objects,
                            const std::function<Result<std::string>(const Object&)>& path_of,
                            const TransferOptions& options, Env& env = Env::Real());

// Gets objects into the cache. A download is kept in `partial_folder` under the object's name until
// it is whole, and goes on from there after a failure or in another run. Its hash is compared; a
// content that came in several parts and is wrong is fetched anew once, then, as a content that
// came at once, it is Corruption and removed. `adopt` takes the file at `path` into the cache (by
// renaming it). What the remote does not have is reported in `missing` and is no failure.
struct FetchTarget {
  std::string partial_folder;
  std::function<Status(const Object& object, const std::string& path)> adopt;
  // For legacy objects: whether the file at `path` is what the object's name says. Null: MD5 of the
  // bytes.
  std::function<Result<bool>(const Object& object, const std::string& path)> check_content;
};
Result<TransferReport> Fetch(Remote& remote, const std::vector<Object>& objects,
                             const FetchTarget& target, const TransferOptions& options,
                             Env& env = Env::Real());

}  // namespace pano::remote
