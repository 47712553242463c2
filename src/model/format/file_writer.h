#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/atomic_file.h"
#include "base/status.h"
#include "model/format/tensor_stream.h"

namespace pano::format {

// Writes a file of tensors in one step (AtomicFile): a reader sees the old file or the new one, and
// without Commit the part written is removed. Confined to one thread.
class FileWriter {
 public:
  explicit FileWriter(std::string path, Env& env = Env::Real()) : file_(std::move(path), env) {}

  // Failures name the path; after one, the rest does nothing.
  // Says how many bytes will be written in all; Exhausted when the disk has no room for them.
  Status Expect(uint64_t bytes) { return file_.Expect(bytes); }
  Status Write(std::span<const std::byte> bytes) { return file_.Write(bytes); }
  Status Write(std::string_view text) { return Write(std::as_bytes(std::span(text))); }
  // Zeros up to the next multiple of `alignment`.
  Status Pad(size_t alignment);
  // All of the stream's bytes; Internal when they are not as many as its shape says.
  Status Write(const TensorStream& tensor);
  uint64_t size() const { return file_.size(); }

  Status Commit() { return file_.Commit(); }

 private:
  AtomicFile file_;
};

}  // namespace pano::format
