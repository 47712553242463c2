#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/env.h"
#include "base/result.h"
#include "data/version/chunked/chunk_manifest.h"

namespace pano::chunked {

// What Put did. A value.
struct Stored {
  std::string md5;           // of the file
  uint64_t bytes = 0;        // of the file
  uint64_t added_bytes = 0;  // on disk, pack and manifest
  uint64_t chunks = 0, new_chunks = 0;
};

// Versions of large files in chunks, below one folder: `packs/<2>/<name>` and
// `manifests/<2>/<md5>`. A version costs what it does not share with those before. What is there
// never changes; a killed process leaves at most a file in `tmp/`. Thread-compatible; two processes
// may write at once.
class ChunkStore {
 public:
  // `folder` is made with the first Put.
  ChunkStore(std::string folder, Env& env = Env::Real()) : folder_(std::move(folder)), env_(env) {}

  // Stores the file at `path`. Chunks of the packs that hold version `previous` (its MD5; "" =
  // unknown: of those that were written last) are not stored again. Memory: 100 bytes a chunk.
  Result<Stored> Put(const std::string& path, const std::string& previous);

  Result<bool> Has(const std::string& md5) const;
  // NotFound, Corruption.
  Result<Manifest> Load(const std::string& md5) const;

  // The file's bytes, in order. Corruption, when their MD5 is not the version's, comes behind the
  // last of them: what `on_bytes` got is to be thrown away.
  using OnBytes = std::function<Status(std::span<const std::byte> bytes)>;
  Status Read(const std::string& md5, const OnBytes& on_bytes) const;

  // The version's files below `folder`, "manifests/ab/..." last: what has to be copied for it.
  Result<std::vector<std::string>> FilesOf(const std::string& md5) const;
  Result<std::vector<std::string>> Versions() const;
  // Removes versions that `keep` refuses, and packs that none of the others needs; answers the
  // bytes freed.
  Result<uint64_t> Collect(const std::function<bool(const std::string& md5)>& keep);
  // Names of packs and versions that are not what they should be.
  Result<std::vector<std::string>> Verify() const;

 private:
  std::string PackPath(const std::string& name) const;
  std::string ManifestPath(const std::string& md5) const;
  Result<std::vector<std::string>> NamesBelow(const std::string& folder) const;
  Result<std::vector<std::string>> CandidatePacks(const std::string& previous, CutRule* rule) const;
  Status MakeFolders(const std::string& folder) const;

  const std::string folder_;
  Env& env_;
};

}  // namespace pano::chunked
