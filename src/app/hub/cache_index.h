#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace pano::hub {

// A file of a snapshot. A value.
struct CachedFile {
  std::string path;   // in the repository
  std::string etag;   // the blob's name; "" where it is no link to a blob of the repository
  uint64_t bytes = 0;
  bool missing = false;  // the link leads nowhere
};

// A commit of a repository, with the files that were fetched. A value.
struct CachedSnapshot {
  std::string commit;
  std::vector<std::string> refs;   // the names that lead here
  std::vector<CachedFile> files;   // by path
  uint64_t bytes = 0;
  int64_t modified_unix = 0;
};

struct CachedBlob {
  std::string etag;
  uint64_t bytes = 0;
};

// What the cache has of a repository. A value.
struct CachedRepo {
  std::string repo;
  std::string folder;
  std::vector<CachedSnapshot> snapshots;     // by commit
  std::vector<CachedBlob> blobs;             // by etag
  std::vector<std::string> incomplete;       // paths of parts that pulls left behind or are writing
  uint64_t bytes = 0;                        // of blobs and parts
  uint64_t incomplete_bytes = 0;
};

// A model in a snapshot as a command takes it. A value.
struct CachedName {
  std::string selector;  // "", a GGUF type or a GGUF file
  std::vector<std::string> files;
};
std::vector<CachedName> NamesIn(const CachedSnapshot& snapshot);

// Every repository of models in the cache, by name; what is none (data sets, other files) is left out.
// An absent cache is an empty one.
Result<std::vector<CachedRepo>> ScanCache(const std::string& cache_folder);
// One of them. NotFound.
Result<CachedRepo> ScanRepo(const std::string& cache_folder, const std::string& repo);

// The path of a snapshot's file.
std::string PathIn(const CachedRepo& repo, const CachedSnapshot& snapshot, const std::string& file);

}  // namespace pano::hub
