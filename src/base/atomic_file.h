#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/abandoned_files.h"
#include "base/env.h"
#include "base/status.h"

namespace pano {

// Writes a file so that, whatever happens meanwhile (a failure, a full disk, a crash of the process
// or the machine), a reader finds the old file or the new one, whole. The bytes go into a file
// beside the target; Commit syncs it, renames it and syncs the folder, and once Commit is ok the
// new file survives a crash. Without Commit the part written is removed; a crash may leave it
// behind, named <target>.tmp-<hex>, until the target is written again. Failures name the target.
// Confined to one thread.
class AtomicFile {
 public:
  explicit AtomicFile(std::string path, Env& env = Env::Real());
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  // Says how many bytes will be written in all. Exhausted (reason "disk_full") when the disk has no
  // room for them: better to know before than after an hour.
  Status Expect(uint64_t bytes);
  // After a failure, only the same failure follows.
  Status Write(std::span<const std::byte> bytes);
  Status Commit();

  const std::string& path() const { return path_; }
  uint64_t size() const { return size_; }  // of what Write took

 private:
  Status Open();
  Status Flush();
  Status Append(std::span<const std::byte> bytes);
  Status Failed(const Status& why);
  Status Full(uint64_t room) const;
  std::string Folder() const { return std::string(FolderName(path_)); }

  const std::string path_, temporary_;
  Env& env_;
  std::unique_ptr<File> file_;     // null before the first byte and after Commit
  WriteMark mark_;                 // of the file beside the target
  bool created_ = false;           // the file beside the target may exist
  std::vector<std::byte> buffer_;  // small writes are gathered
  uint64_t size_ = 0;
  uint64_t expected_ = 0;
  Status failure_;
};

}  // namespace pano
