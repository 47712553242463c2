#pragma once

#include <cstdint>
#include <string>

#include "base/env.h"

namespace pano::data {

// What a name in a folder is, the last link not followed unless said. A value.
struct EntryInfo {
  enum class Kind : uint8_t { kFile, kFolder, kLink, kOther };
  Kind kind = Kind::kFile;
  uint32_t mode = 0;        // permission bits
  uint64_t bytes = 0;
  uint64_t device = 0, inode = 0;
  uint64_t links = 1;       // names of the file
  int64_t mtime_ns = 0, ctime_ns = 0;   // last change of the bytes, of anything

  bool executable() const { return (mode & 0100) != 0; }
};

// Env with what versions of data need besides: links, permissions, the identity of files. All that
// changes a disk goes through it, so that a test can end the process at every such call
// (testing/fault_data_env.h). Thread-safe. Messages as in Env: the system's word alone.
class DataEnv : public Env {
 public:
  // Of the name itself; of what it leads to.
  virtual Result<EntryInfo> LinkInfo(const std::string& path) const = 0;
  virtual Result<EntryInfo> EntryInfoOf(const std::string& path) const = 0;
  virtual Result<std::string> ReadLink(const std::string& path) const = 0;
  virtual Status MakeLink(const std::string& target, const std::string& path) = 0;
  virtual Status MakeHardLink(const std::string& existing, const std::string& path) = 0;
  // `to`, a new file, shares the blocks of `from` until one is written. Unimplemented where the file system
  // cannot; `to` does not exist then.
  virtual Status CloneFile(const std::string& from, const std::string& to) = 0;
  virtual Status SetMode(const std::string& path, uint32_t mode) = 0;
  // When this is ok, a crash of the machine loses nothing that was written to the file system of `path`.
  virtual Status SyncFileSystem(const std::string& path) = 0;

  static DataEnv& Real();
};

// Makes `path` and the folders above it that are missing.
Status MakeFolders(DataEnv& env, const std::string& path);

}  // namespace pano::data
