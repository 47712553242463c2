#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace pano {

// Says that a file or folder is being written: a lock (flock) that ends with this, and with the
// process however that ends. Advisory: only RemoveAbandoned looks. Thread-compatible.
class WriteMark {
 public:
  WriteMark() = default;
  // Marks nothing where the path or the lock is not to be had.
  explicit WriteMark(const std::string& path);
  ~WriteMark();
  WriteMark(WriteMark&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  WriteMark& operator=(WriteMark&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }

 private:
  int fd_ = -1;
};

// Whether `name` is one that a writer of a file or folder called `target` gives to what is not
// whole yet:
// "<target>.tmp-<8 or more hex digits>", with "-f32" behind it for a step between.
bool IsUnfinishedName(std::string_view name, std::string_view target);

// Removes what writers of `target` that were killed left beside it: entries with such names that
// nobody marks and that are older than a second. Failures are ignored: a leftover is never read.
void RemoveAbandoned(const std::string& target);

}  // namespace pano
