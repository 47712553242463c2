#include "model/convert/row_tensor.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <utility>

#include "base/strings.h"
#include "model/tensor/blocks.h"

namespace pano::convert {
namespace {

using tensor::DType;

constexpr size_t kChunkBytes = 1 << 20;
constexpr float kHalfMax = 65504.0f;

size_t BytesOf(DType dtype, int64_t elements) {
  const tensor::DTypeInfo& info = tensor::Describe(dtype);
  return static_cast<size_t>(elements) / info.block_elements * info.block_bytes;
}

// Values that a type would turn into infinities or nonsense.
Status CheckValues(const std::vector<float>& values, DType dtype) {
  if (dtype == DType::kF32 || dtype == DType::kBF16) return {};
  const bool block = tensor::Describe(dtype).block_elements > 1;
  const bool half = dtype != DType::kMXFP4;  // holds, or scales by, a half-precision number
  for (float value : values) {
    const bool finite = std::isfinite(value);
    // Halves keep infinities and NaN as they are.
    if (finite ? half && std::abs(value) > kHalfMax : block) {
      return Corruption(StrCat("the value ", value, " does not fit ", tensor::Describe(dtype).name,
                               "; F32 and BF16 keep it"));
    }
  }
  return {};
}

// Gives the rows of one tensor, in its type, into a buffer.
class RowMaker {
 public:
  explicit RowMaker(const RowTensor& tensor)
      : tensor_(tensor),
        length_(tensor.sources.front().row_length),
        floats_(static_cast<size_t>(length_)) {}

  size_t row_bytes() const { return BytesOf(tensor_.dtype, length_); }

  Status Make(int64_t row, std::byte* out) {
    const RowPlace place = tensor_.place(row);
    const RowSource& source = tensor_.sources[place.source];
    const DType from = source.view.dtype;
    if (from == tensor_.dtype && !source.transposed && tensor_.offset == 0) {
      std::memcpy(out, source.view.data + static_cast<size_t>(place.row) * row_bytes(),
                  row_bytes());
      return {};
    }
    if (source.transposed) {
      CopyColumn(source, place);
    } else {
      const size_t begin = static_cast<size_t>(place.row) * BytesOf(from, length_);
      tensor::DecoderOf(from)(source.view.data + begin, floats_.size(), floats_.data());
    }
    if (tensor_.offset != 0) {
      for (float& value : floats_) value += tensor_.offset;
    }
    PANO_RETURN_IF_ERROR(CheckValues(floats_, tensor_.dtype));
    tensor::EncoderOf(tensor_.dtype)(floats_.data(), floats_.size(), out);
    return {};
  }

 private:
  // Columns lie all over the matrix: it is decoded once, as a whole.
  void CopyColumn(const RowSource& source, RowPlace place) {
    if (whole_.empty() || whole_source_ != place.source) {
      whole_.resize(static_cast<size_t>(source.view.elements()));
      whole_source_ = place.source;
      tensor::DecoderOf(source.view.dtype)(source.view.data, whole_.size(), whole_.data());
    }
    const auto stride = static_cast<size_t>(source.rows());
    const auto column = static_cast<size_t>(place.row);
    for (size_t i = 0; i < floats_.size(); ++i) floats_[i] = whole_[i * stride + column];
  }

  const RowTensor& tensor_;
  const int64_t length_;
  std::vector<float> floats_;
  std::vector<float> whole_;  // of a transposed source
  size_t whole_source_ = 0;
};

Status WriteRows(const RowTensor& tensor, const format::ByteSink& sink) {
  const int64_t elements = *tensor::ElementCount(tensor.shape);
  if (elements == 0) return {};
  RowMaker maker(tensor);
  const int64_t rows = elements / tensor.sources.front().row_length;
  const auto chunk = static_cast<int64_t>(std::max<size_t>(1, kChunkBytes / maker.row_bytes()));
  std::vector<std::byte> buffer(static_cast<size_t>(std::min(chunk, rows)) * maker.row_bytes());
  for (int64_t begin = 0; begin < rows; begin += chunk) {
    const int64_t count = std::min(chunk, rows - begin);
    for (int64_t i = 0; i < count; ++i) {
      PANO_RETURN_IF_ERROR(
          maker.Make(begin + i, buffer.data() + static_cast<size_t>(i) * maker.row_bytes())
              .Wrap(StrCat("tensor '", Printable(tensor.name), "'")));
    }
    PANO_RETURN_IF_ERROR(sink({buffer.data(), static_cast<size_t>(count) * maker.row_bytes()}));
  }
  return {};
}

Status CheckSource(const RowSource& source, const RowTensor& tensor) {
  const DType from = source.view.dtype;
  const auto block = static_cast<int64_t>(tensor::Describe(from).block_elements);
  const bool copied = from == tensor.dtype && tensor.offset == 0 && !source.transposed;
  if (!copied && !tensor::DecoderOf(from)) {
    return Unimplemented(StrCat("type ", tensor::Describe(from).name, " is not converted to ",
                                tensor::Describe(tensor.dtype).name));
  }
  if (!copied && !tensor::EncoderOf(tensor.dtype)) {
    return Unimplemented(StrCat(tensor::Describe(tensor.dtype).name, " is read, not written"));
  }
  const int64_t stored = source.transposed ? source.rows() : source.row_length;
  if (stored % block != 0) {
    return Unimplemented(StrCat("rows of ", stored, " of type ", tensor::Describe(from).name,
                                " are not taken apart"));
  }
  if (source.row_length != tensor.sources.front().row_length ||
      (source.row_length > 0 && source.view.elements() % source.row_length != 0)) {
    return Corruption(StrCat("shape ", tensor::ShapeText(source.view.shape), " has no rows of ",
                             tensor.sources.front().row_length));
  }
  return {};
}

}  // namespace

Status CheckRows(const RowTensor& tensor) {
  const std::string name = StrCat("tensor '", Printable(tensor.name), "'");
  PANO_RETURN_IF_ERROR(tensor::ByteSize(tensor.dtype, tensor.shape).error().Wrap(name));
  for (const RowSource& source : tensor.sources) {
    PANO_RETURN_IF_ERROR(
        CheckSource(source, tensor).Wrap(StrCat("tensor '", Printable(source.name), "'")));
  }
  const int64_t elements = *tensor::ElementCount(tensor.shape);
  if (elements == 0) return {};
  const int64_t length = tensor.sources.empty() ? 0 : tensor.sources.front().row_length;
  const auto block = static_cast<int64_t>(tensor::Describe(tensor.dtype).block_elements);
  if (length <= 0 || elements % length != 0 || length % block != 0) {
    return Corruption(StrCat(name, ": shape ", tensor::ShapeText(tensor.shape), " has no rows of ",
                             length, " in ", tensor::Describe(tensor.dtype).name));
  }
  for (int64_t row = 0; row < elements / length; ++row) {
    const RowPlace place = tensor.place(row);
    if (place.source >= tensor.sources.size() || place.row < 0 ||
        place.row >= tensor.sources[place.source].rows()) {
      return Corruption(StrCat(name, ": row ", row, " is not in ",
                               place.source < tensor.sources.size()
                                   ? Printable(tensor.sources[place.source].name)
                                   : std::string("any source")));
    }
  }
  return {};
}

format::TensorStream StreamOf(RowTensor tensor) {
  auto shared = std::make_shared<const RowTensor>(std::move(tensor));
  return {shared->name, shared->dtype, shared->shape,
          [shared](const format::ByteSink& sink) { return WriteRows(*shared, sink); }};
}

}  // namespace pano::convert
