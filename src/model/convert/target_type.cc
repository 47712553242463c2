#include "model/convert/target_type.h"

#include <algorithm>
#include <cstring>
#include <map>

#include "base/strings.h"
#include "model/tensor/blocks.h"

namespace pano::convert {
namespace {

using tensor::DType;

bool IsBlock(DType dtype) { return tensor::Describe(dtype).block_elements > 1; }

// What a tensor made of several has when it is left as it is: the sources' type when they agree.
DType OwnType(const RowTensor& tensor) {
  const DType first = tensor.sources.front().view.dtype;
  for (const RowSource& source : tensor.sources) {
    if (source.view.dtype != first || source.transposed) {
      return IsBlock(first) || source.view.dtype != first ? DType::kF32 : first;
    }
  }
  return first == DType::kF64 ? DType::kF32 : first;
}

// Whether every value survives in `dtype`.
bool Survives(RowTensor tensor, DType dtype) {
  tensor.dtype = DType::kF32;
  bool survives = true;
  std::vector<std::byte> narrow;
  std::vector<float> back;
  const auto stream = StreamOf(std::move(tensor));
  const Status status = stream.write([&](std::span<const std::byte> bytes) -> Status {
    const auto* values = reinterpret_cast<const float*>(bytes.data());
    back.resize(bytes.size() / sizeof(float));
    narrow.resize(bytes.size());
    tensor::EncoderOf(dtype)(values, back.size(), narrow.data());
    tensor::DecoderOf(dtype)(narrow.data(), back.size(), back.data());
    if (std::memcmp(back.data(), values, bytes.size()) != 0) survives = false;
    return survives ? Status() : Internal("found one");
  });
  return survives && status.ok();
}

}  // namespace

DType MainType(const std::vector<RowTensor>& tensors, bool plain) {
  std::map<DType, int64_t> elements;
  for (const RowTensor& tensor : tensors) {
    if (!tensor.matrix) continue;
    DType dtype = tensor.sources.front().view.dtype;
    if (plain && IsBlock(dtype)) dtype = DType::kF16;
    elements[dtype] += *tensor::ElementCount(tensor.shape);
  }
  if (elements.empty()) return DType::kF32;
  return std::max_element(elements.begin(), elements.end(),
                          [](const auto& a, const auto& b) { return a.second < b.second; })
      ->first;
}

DType GgufTypeFor(std::string_view name, DType wanted) {
  const tensor::DTypeInfo& info = tensor::Describe(wanted);
  const bool small = info.block_elements > 1 && info.block_bytes < info.block_elements;
  return small && name == "output.weight" ? DType::kQ8_0 : wanted;
}

void ChooseGgufTypes(std::optional<DType> wanted, std::vector<RowTensor>& tensors,
                     std::vector<std::string>& notes) {
  for (RowTensor& tensor : tensors) {
    if (!tensor.matrix) {
      tensor.dtype = DType::kF32;
      continue;
    }
    tensor.dtype = wanted ? GgufTypeFor(tensor.name, *wanted) : OwnType(tensor);
    const auto block = static_cast<int64_t>(tensor::Describe(tensor.dtype).block_elements);
    if (tensor.shape.back() % block == 0) continue;
    notes.push_back(StrCat(tensor.name, ": rows of ", tensor.shape.back(), " are no multiple of ",
                           tensor::Describe(tensor.dtype).name, "'s block of ", block,
                           ", written as F16"));
    tensor.dtype = DType::kF16;
  }
}

void ChooseHfTypes(std::optional<DType> wanted, std::vector<RowTensor>& tensors) {
  const DType main = MainType(tensors, /*plain=*/true);
  for (RowTensor& tensor : tensors) {
    if (wanted) {
      tensor.dtype = *wanted;
      continue;
    }
    const DType own = OwnType(tensor);
    tensor.dtype = IsBlock(own) || IsBlock(tensor.sources.front().view.dtype) ? DType::kF16 : own;
    const bool narrower = main == DType::kF16 || main == DType::kBF16;
    if (own == DType::kF32 && !tensor.matrix && narrower && Survives(tensor, main))
      tensor.dtype = main;
  }
}

}  // namespace pano::convert
