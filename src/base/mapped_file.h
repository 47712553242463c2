#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "base/result.h"

namespace pano {

// A file mapped read-only into memory; unmapped when destroyed. Immutable, so thread-safe. The file
// must not shrink while it is mapped.
class MappedFile {
 public:
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  // NotFound when there is no such file, Corruption when it is no regular file.
  static Result<std::shared_ptr<const MappedFile>> Open(const std::string& path);

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  const std::string& path() const { return path_; }
  // Gives the memory of the whole pages within `part` back, as far as it lies in this file: what is
  // read again comes from the file again.
  void Forget(std::span<const std::byte> part) const;

 private:
  MappedFile() = default;
  std::string path_;
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace pano
