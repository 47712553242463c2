#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/env.h"
#include "base/mapped_file.h"
#include "base/result.h"

namespace pano::chunked {

// A chunk in a pack. A value.
struct PackedChunk {
  std::string sha256;   // 32 bytes
  uint64_t offset = 0;  // in the pack's data
  uint32_t bytes = 0;
};

// Writes chunks one behind the other into a file, and their sizes and hashes behind them
// (docs/formats/chunked.md). Confined to one thread.
class PackWriter {
 public:
  // The file is made with the first chunk.
  PackWriter(std::string path, Env& env) : path_(std::move(path)), env_(env) {}

  // Answers where it begins in the pack's data.
  Result<uint64_t> Append(std::span<const std::byte> chunk, const std::string& sha256);
  // Ends the pack; its name, by what it holds. REQUIRES: there is a chunk.
  Result<std::string> Finish();
  bool empty() const { return index_.empty(); }
  uint64_t bytes() const { return data_bytes_ + index_.size(); }  // about the file's size

 private:
  Status Flush();

  const std::string path_;
  Env& env_;
  std::unique_ptr<File> file_;
  std::vector<std::byte> buffer_;
  std::string index_;
  uint64_t data_bytes_ = 0, count_ = 0;
};

// A pack that is there, mapped. Immutable, so thread-safe.
class Pack {
 public:
  // Corruption when its end or index are not those of a pack of this name. The chunks' bytes are
  // not read.
  static Result<Pack> Open(const std::string& path, const std::string& name);

  const std::vector<PackedChunk>& chunks() const { return chunks_; }
  // Corruption when it leads out of the data.
  Result<std::span<const std::byte>> Data(uint64_t offset, uint64_t bytes) const;
  // Corruption names the first chunk whose bytes are not what its hash says.
  Status Check() const;

 private:
  Pack() = default;
  std::shared_ptr<const MappedFile> file_;
  uint64_t data_bytes_ = 0;
  std::vector<PackedChunk> chunks_;
};

}  // namespace pano::chunked
