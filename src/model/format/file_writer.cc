#include "model/format/file_writer.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/random.h"
#include "base/strings.h"

namespace pano::format {

TensorStream StreamOf(std::string name, const tensor::TensorView& view) {
  return {std::move(name), view.dtype, view.shape, [view](const ByteSink& sink) {
            return sink({view.data, view.bytes});
          }};
}

FileWriter::FileWriter(std::string path)
    : path_(std::move(path)),
      temporary_(StrCat(path_, ".tmp-", RandomHex(4))),
      out_(temporary_, std::ios::binary | std::ios::trunc) {}

FileWriter::~FileWriter() {
  if (committed_) return;
  out_.close();
  std::error_code ignored;
  std::filesystem::remove(temporary_, ignored);
}

Status FileWriter::Failed(int error) {
  const std::error_code code(error ? error : EIO, std::generic_category());
  return Status(error == ENOSPC ? StatusCode::kExhausted : StatusCode::kUnavailable,
                StrCat(path_, ": cannot write: ", code.message()));
}

Status FileWriter::Write(std::span<const std::byte> bytes) {
  out_.write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  if (!out_) return Failed(errno);
  size_ += bytes.size();
  return {};
}

Status FileWriter::Pad(size_t alignment) {
  static constexpr std::array<std::byte, 64> kZeros{};
  size_t missing = (alignment - size_ % alignment) % alignment;
  while (missing > 0) {
    const size_t count = std::min(missing, kZeros.size());
    PANO_RETURN_IF_ERROR(Write(std::span(kZeros).first(count)));
    missing -= count;
  }
  return {};
}

Status FileWriter::Write(const TensorStream& tensor) {
  PANO_ASSIGN_OR_RETURN(const size_t bytes, tensor::ByteSize(tensor.dtype, tensor.shape));
  const uint64_t begin = size_;
  PANO_RETURN_IF_ERROR(
      tensor.write([this](std::span<const std::byte> piece) { return Write(piece); }));
  if (size_ - begin != bytes) {
    return Internal(StrCat("tensor '", Printable(tensor.name), "' gave ", size_ - begin,
                           " bytes, its shape needs ", bytes));
  }
  return {};
}

Status FileWriter::Commit() {
  out_.close();
  if (!out_) return Failed(errno);
  std::error_code error;
  std::filesystem::rename(temporary_, path_, error);
  if (error) return Failed(error.value());
  committed_ = true;
  return {};
}

}  // namespace pano::format
