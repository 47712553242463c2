#pragma once

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <span>
#include <string>
#include <string_view>

#include "base/status.h"
#include "model/format/tensor_stream.h"

namespace pano::format {

// Writes a file beside its target and renames it at the end, so that a reader sees the old file or
// the new one and an interrupted writer leaves no half of one: without Commit the part written is
// removed. Confined to one thread.
class FileWriter {
 public:
  explicit FileWriter(std::string path);
  ~FileWriter();
  FileWriter(const FileWriter&) = delete;
  FileWriter& operator=(const FileWriter&) = delete;

  // Failures name the path; after one, the rest does nothing.
  Status Write(std::span<const std::byte> bytes);
  Status Write(std::string_view text) { return Write(std::as_bytes(std::span(text))); }
  // Zeros up to the next multiple of `alignment`.
  Status Pad(size_t alignment);
  // All of the stream's bytes; Internal when they are not as many as its shape says.
  Status Write(const TensorStream& tensor);
  uint64_t size() const { return size_; }

  Status Commit();

 private:
  Status Failed(int error);

  std::string path_, temporary_;
  std::ofstream out_;
  uint64_t size_ = 0;
  bool committed_ = false;
};

}  // namespace pano::format
