#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pano {

// A file mapped read-only into memory; unmapped when destroyed. Immutable, so thread-safe.
//
// Another process may shorten or overwrite the file meanwhile; CheckUnchanged tells. Reading what
// is no longer there is a SIGBUS, which ends the process without a word, unless EndAtFaults or
// SurviveFaults was called.
class MappedFile {
 public:
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  // NotFound when there is no such file, Corruption when it is no regular file.
  static Result<std::shared_ptr<const MappedFile>> Open(const std::string& path);

  // From now on a fault in a mapped file does not end the process: the missing pages read as zeros,
  // and the file's CheckUnchanged fails. For servers, whose other models go on. Faults elsewhere
  // end it as ever. Before the threads that read.
  static void SurviveFaults();
  // From now on a fault in a mapped file ends the process with exit code 1 and a line on stderr,
  // "<speaker>: <path>: the file was cut short while it was in use". For commands with one model,
  // which have nothing left to do. SurviveFaults, before or after, has precedence. `speaker` is
  // copied.
  static void EndAtFaults(std::string_view speaker);

  // The number of files opened so far, and those that were opened after it was `count`: how whoever
  // loads a model learns which files it is made of.
  static uint64_t OpenedCount();
  static std::vector<std::weak_ptr<const MappedFile>> OpenedAfter(uint64_t count);

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  const std::string& path() const { return path_; }
  // Gives the memory of the whole pages within `part` back, as far as it lies in this file: what is
  // read again comes from the file again.
  void Forget(std::span<const std::byte> part) const;

  // Whether a fault happened in it. Cheap.
  bool faulted() const;
  // Unavailable when the file has not the size and the time of change that it had when it was
  // opened, or a fault happened. Another file under its name is no change of this one. A system
  // call.
  Status CheckUnchanged() const;

 private:
  // Where the file is and what it was, to be recognised.
  struct Identity {
    uint64_t device = 0, inode = 0;
    int64_t bytes = 0, seconds = 0, nanoseconds = 0;
    bool operator==(const Identity&) const = default;
  };

  MappedFile() = default;
  std::string path_;
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
  Identity identity_;
  size_t slot_ = SIZE_MAX;   // in the table that the fault handler reads; none when it is full
};

}  // namespace pano
