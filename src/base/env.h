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

struct FileInfo {
  enum class Kind { kFile, kFolder, kOther };
  Kind kind = Kind::kFile;
  uint64_t bytes = 0;  // of a file
};

// An open file; closed when destroyed. Thread-compatible.
class File {
 public:
  virtual ~File() = default;
  File() = default;
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  // Reads on from where the last read ended: at most buffer.size() bytes, 0 at the end.
  virtual Result<size_t> ReadSome(std::span<std::byte> buffer) = 0;
  // Writes a first part of `bytes` after what was written last and answers its size: at least 1
  // unless `bytes` is empty.
  virtual Result<size_t> WriteSome(std::span<const std::byte> bytes) = 0;
  // When this is ok, a crash of the machine does not lose what was written. (The name of a new file
  // is its folder's: Env::SyncFolder.)
  virtual Status Sync() = 0;
  // Reports what closing reports; nothing may follow it.
  virtual Status Close() = 0;

  // All of `bytes`, in as many WriteSome as it takes.
  Status WriteAll(std::span<const std::byte> bytes);
};

// The file system and the environment variables, so that tests can own both: base/testing has one
// in memory that forgets at a crash what was not synced, and one that fails on purpose.
// Thread-safe.
//
// A failure's message is the system's word alone ("No space left on device"): the caller wraps it
// in what it wanted to do with which file. A full disk is Exhausted with the reason "disk_full".
class Env {
 public:
  virtual ~Env() = default;

  enum class OpenMode {
    kRead,
    kWrite,   // created when absent, emptied when not
    kAppend,  // created when absent; every write goes to the end
  };
  virtual Result<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode) = 0;

  // `to` becomes what `from` is, in one step: a reader finds the old `to` or the new one. A folder
  // replaces an empty folder only.
  virtual Status Rename(const std::string& from, const std::string& to) = 0;
  // Each becomes the other, in one step. Unimplemented where the file system cannot.
  virtual Status Exchange(const std::string& a, const std::string& b) = 0;
  // A file, or an empty folder.
  virtual Status Remove(const std::string& path) = 0;
  // With all that is in it; links are removed, not followed. Ok when nothing is there.
  virtual Status RemoveTree(const std::string& path) = 0;
  // AlreadyExists when something stands there; the folder above must exist.
  virtual Status MakeFolder(const std::string& path) = 0;
  // When this is ok, a crash of the machine does not lose what was created, renamed or removed in
  // the folder.
  virtual Status SyncFolder(const std::string& path) = 0;

  // Links are followed.
  virtual Result<FileInfo> Stat(const std::string& path) const = 0;
  // Names of the entries, sorted, without "." and "..".
  virtual Result<std::vector<std::string>> List(const std::string& path) const = 0;
  // Bytes that can still be written to the file system of `path`, a folder.
  virtual Result<uint64_t> SpaceLeft(const std::string& path) const = 0;

  // The environment variable, or "" when it is not set.
  virtual std::string Variable(const std::string& name) const = 0;

  static Env& Real();  // the machine's
};

// The whole file as text, at most `bytes_max` bytes.
Result<std::string> ReadFile(const std::string& path, size_t bytes_max = 1ull << 30,
                             Env& env = Env::Real());
// Replaces the file in one step (AtomicFile): whatever happens, a reader sees the old file or the
// new one, and once this is ok the new one survives a crash.
Status WriteFile(const std::string& path, std::string_view text, Env& env = Env::Real());

// Of the real Env:
bool FileExists(const std::string& path);   // a regular file (links followed)
bool IsDirectory(const std::string& path);
// Names of the entries, sorted, without "." and "..".
Result<std::vector<std::string>> ListDirectory(const std::string& path);
// The environment variable, or "" when it is not set.
std::string EnvironmentVariable(const std::string& name);

// "a/b" for ("a", "b"); `name` alone when it is absolute.
std::string JoinPath(std::string_view folder, std::string_view name);
std::string_view BaseName(std::string_view path);    // "c.gguf" for "a/b/c.gguf", "b" for "a/b/"
std::string_view Stem(std::string_view path);        // "c" for "a/b/c.gguf"
std::string_view FolderName(std::string_view path);  // "a/b" for "a/b/c.gguf"; "." for "c.gguf"

}  // namespace pano
