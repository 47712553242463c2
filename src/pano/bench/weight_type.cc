#include "pano/bench/weight_type.h"

#include <utility>
#include <vector>

#include "base/strings.h"
#include "model/convert/target_type.h"
#include "model/kernels/matmul/matmul.h"
#include "model/tensor/blocks.h"
#include "model/tensor/packed.h"

namespace pano::bench {
namespace {

using tensor::DType;

// Types that have no form but the one that the kernels read, by the names that `pano quantize` has
// for them. GGUF's own types are made as GGUF has them, and packed by the loader.
constexpr std::pair<std::string_view, DType> kPackedTypes[] = {
    {"w8a8", DType::kW8X16},
    {"q4g", DType::kQ4GX16},
};

std::vector<WeightType> WeightTypes() {
  std::vector<WeightType> types;
  for (size_t i = 0; i < tensor::kDTypeCount; ++i) {
    const auto dtype = static_cast<DType>(i);
    if (!tensor::EncoderOf(dtype) || !kernels::MatMulSupports(dtype)) continue;
    types.push_back({ToLower(tensor::Describe(dtype).name), dtype});
  }
  for (const auto& [name, dtype] : kPackedTypes) types.push_back({std::string(name), dtype});
  return types;
}

}  // namespace

std::string WeightTypeNames() {
  std::string names;
  for (const WeightType& type : WeightTypes()) names += StrCat(names.empty() ? "" : " ", type.name);
  return names;
}

Result<WeightType> ParseWeightType(std::string_view name) {
  for (WeightType& type : WeightTypes()) {
    if (type.name == ToLower(name)) return std::move(type);
  }
  return InvalidArgument(StrCat("no type '", Printable(name), "'; there are: ", WeightTypeNames()));
}

DType TensorTypeFor(const ModelTensor& tensor, DType dtype) {
  if (!tensor.is_matrix()) return DType::kF32;
  if (tensor::IsPacked(dtype) &&
      (tensor.part == ModelTensor::Part::kTable || tensor.shape.size() != 2)) {
    return DType::kF16;
  }
  if (tensor.part == ModelTensor::Part::kHead) dtype = convert::GgufTypeFor("output.weight", dtype);
  for (DType type : {dtype, DType::kQ8_0}) {
    const auto block = static_cast<int64_t>(tensor::Describe(type).block_elements);
    if (tensor.shape.back() % block == 0) return type;
  }
  return DType::kF16;
}

}  // namespace pano::bench
