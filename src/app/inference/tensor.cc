#include "app/inference/tensor.h"

#include <bit>
#include <utility>

#include "base/strings.h"

namespace pano::inference {
namespace {

// Elements are copied as they lie in memory.
static_assert(std::endian::native == std::endian::little);

constexpr size_t kLengthBytes = sizeof(uint32_t);

Status ReadTexts(std::string_view raw, int64_t count, Tensor& tensor) {
  if (count > kTextsMax) {
    return InvalidArgument(StrCat("it has ", count, " texts, at most ", kTextsMax, " are taken"));
  }
  if (raw.size() / kLengthBytes < static_cast<size_t>(count)) {
    return InvalidArgument(StrCat(raw.size(), " bytes cannot hold the ", count, " texts of its shape"));
  }
  tensor.texts.reserve(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) {
    uint32_t length = 0;
    if (raw.size() < kLengthBytes) return InvalidArgument(StrCat("its data end before text ", i));
    std::memcpy(&length, raw.data(), kLengthBytes);
    raw.remove_prefix(kLengthBytes);
    if (raw.size() < length) {
      return InvalidArgument(StrCat("text ", i, " says that it has ", length, " bytes, and ", raw.size(), " are left"));
    }
    tensor.texts.emplace_back(raw.substr(0, length));
    raw.remove_prefix(length);
  }
  if (raw.empty()) return {};
  return InvalidArgument(StrCat(raw.size(), " bytes are left behind the ", count, " texts of its shape"));
}

}  // namespace

Tensor TextTensor(std::string name, Shape shape, std::vector<std::string> texts) {
  return {std::move(name), Datatype::kBytes, std::move(shape), {}, std::move(texts)};
}

Tensor FloatTensor(std::string name, Shape shape, std::span<const float> values) {
  Tensor tensor{std::move(name), Datatype::kFp32, std::move(shape), {}, {}};
  tensor.bytes.assign(reinterpret_cast<const char*>(values.data()), values.size_bytes());
  return tensor;
}

size_t RawBytes(const Tensor& tensor) {
  size_t bytes = tensor.bytes.size();
  for (const std::string& text : tensor.texts) bytes += kLengthBytes + text.size();
  return bytes;
}

void AppendRaw(const Tensor& tensor, std::string& out) {
  out += tensor.bytes;
  for (const std::string& text : tensor.texts) {
    const auto length = static_cast<uint32_t>(text.size());
    out.append(reinterpret_cast<const char*>(&length), kLengthBytes);
    out += text;
  }
}

Status ReadRaw(std::string_view raw, Tensor& tensor) {
  PANO_ASSIGN_OR_RETURN(const int64_t count, CountElements(tensor.shape));
  if (tensor.datatype == Datatype::kBytes) return ReadTexts(raw, count, tensor);
  const size_t wanted = static_cast<size_t>(count) * ElementBytes(tensor.datatype);
  if (raw.size() != wanted) {
    return InvalidArgument(StrCat("it has ", raw.size(), " bytes of data, and ", DatatypeName(tensor.datatype), " ",
                                  ShapeText(tensor.shape), " takes ", wanted));
  }
  tensor.bytes = raw;
  return {};
}

}  // namespace pano::inference
