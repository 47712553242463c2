#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

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

// The whole file as text, at most `bytes_max` bytes.
Result<std::string> ReadFile(const std::string& path, size_t bytes_max = 1ull << 30);
// Writes beside the target and renames, so that a reader sees the old file or the new one.
Status WriteFile(const std::string& path, std::string_view text);

bool FileExists(const std::string& path);   // a regular file (links followed)
bool IsDirectory(const std::string& path);
// Names of the entries, sorted, without "." and "..".
Result<std::vector<std::string>> ListDirectory(const std::string& path);

// "a/b" for ("a", "b"); `name` alone when it is absolute.
std::string JoinPath(std::string_view folder, std::string_view name);
std::string_view BaseName(std::string_view path);   // "c.gguf" for "a/b/c.gguf"; trailing '/' ignored
std::string_view Stem(std::string_view path);       // "c" for "a/b/c.gguf"

// The environment variable, or "" when it is not set.
std::string EnvironmentVariable(const std::string& name);

}  // namespace pano
