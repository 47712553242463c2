#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/version/chunked/chunk_store.h"
#include "data/version/index.h"
#include "data/version/output.h"
#include "data/version/remote/remote.h"
#include "data/version/workspace.h"

namespace pano::data {

// The store of files in chunks beside a repository's cache (docs/formats/chunked.md).
chunked::ChunkStore ChunksOf(const Repository& repository);

// Stores a file in chunks in place of an object; what it shares with the output's version before
// (its id) costs nothing. The answer is `output` as it is now; `added_bytes`, when not null, is
// what it cost.
Result<Output> StoreChunked(Workspace& workspace, const Output& output,
                            uint64_t* added_bytes = nullptr);

// Files of the targets that the cache has in chunks alone, made objects: a checkout finds them
// then. The answer names those objects; RemoveRestored takes them out of the cache again where
// nothing links to them.
Result<std::vector<ObjectId>> RestoreChunked(Workspace& workspace,
                                             const std::vector<Target>& targets);
Status RemoveRestored(Workspace& workspace, const std::vector<ObjectId>& restored);

// Copies a version's packs and then its manifest to the remote, below "pano/"; from the remote,
// packs and manifest are checked before they are taken. NotFound where the remote does not have the
// version.
Status PushChunks(Workspace& workspace, remote::Remote& to, const std::string& md5,
                  const std::stop_token& stop);
Status FetchChunks(Workspace& workspace, remote::Remote& from, const std::string& md5,
                   const std::stop_token& stop);

}  // namespace pano::data
