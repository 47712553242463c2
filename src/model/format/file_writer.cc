#include "model/format/file_writer.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/strings.h"
#include "model/format/weights.h"

namespace pano::format {

TensorStream StreamOf(std::string name, const tensor::TensorView& view) {
  return {std::move(name), view.dtype, view.shape, [view](const ByteSink& sink) {
            return sink({view.data, view.bytes});
          }};
}

void GuardSource(const Weights& source, std::vector<TensorStream>& streams) {
  for (TensorStream& stream : streams) {
    stream.write = [&source, write = std::move(stream.write)](const ByteSink& sink) -> Status {
      const Status status = write(sink);
      // First: a write from a page that is gone fails as a bad address, which explains nothing.
      PANO_RETURN_IF_ERROR(source.CheckUnchanged());
      return status;
    };
  }
}

Status FileWriter::Pad(size_t alignment) {
  static constexpr std::array<std::byte, 64> kZeros{};
  size_t missing = (alignment - size() % alignment) % alignment;
  while (missing > 0) {
    const size_t count = std::min(missing, kZeros.size());
    PANO_RETURN_IF_ERROR(Write(std::span(kZeros).first(count)));
    missing -= count;
  }
  return {};
}

Status FileWriter::Write(const TensorStream& tensor) {
  PANO_ASSIGN_OR_RETURN(const size_t bytes, tensor::ByteSize(tensor.dtype, tensor.shape));
  const uint64_t begin = size();
  PANO_RETURN_IF_ERROR(
      tensor.write([this](std::span<const std::byte> piece) { return Write(piece); }));
  if (size() - begin != bytes) {
    return Internal(StrCat("tensor '", Printable(tensor.name), "' gave ", size() - begin,
                           " bytes, its shape needs ", bytes));
  }
  return {};
}

}  // namespace pano::format
