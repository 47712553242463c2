#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

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

// What the system says of a name.
EntryInfo EntryInfoFrom(const struct ::stat& s);

// A name in a folder. A value.
struct FolderEntry {
  std::string name;
  EntryInfo::Kind kind = EntryInfo::Kind::kFile;
};

// The permissions of a new file. A value.
struct FileMode {
  uint32_t bits = 0666;
  bool exact = false;   // the umask takes nothing away
};

// Env with what versions of data need besides: links, permissions, the identity of files. All that
// changes a disk goes through it, so that a test can end the process at every such call
// (testing/fault_data_env.h). Thread-safe. Messages as in Env: the system's word alone.
class DataEnv : public Env {
 public:
  // Of the name itself; of what it leads to.
  virtual Result<EntryInfo> LinkInfo(const std::string& path) const = 0;
  virtual Result<EntryInfo> EntryInfoOf(const std::string& path) const = 0;
  // The names in a folder and what they are, in any order. One that is gone before it was looked at is left out.
  virtual Result<std::vector<FolderEntry>> ListKinds(const std::string& path) const = 0;
  // The first buffer.size() bytes of a file and what it was once they were read: three calls of the system for a small file.
  virtual Result<size_t> ReadStart(const std::string& path, std::span<std::byte> buffer, EntryInfo* after) const = 0;
  // A new file of these bytes. AlreadyExists. Where it fails later, a part may be there.
  virtual Status CreateFile(const std::string& path, std::span<const std::byte> bytes, FileMode mode) = 0;
  // The same, of which nothing is ever there but the whole: the file gets its name, `path`, at the end; before, it has none
  // (O_TMPFILE) and lives on the file system of `folder`. Unimplemented where there are no such files. Needs no rename,
  // for which threads would wait on each other.
  virtual Status CreateWhole(const std::string& folder, const std::string& path, std::span<const std::byte> bytes, FileMode mode,
                             EntryInfo* made) = 0;
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
