#include "pano/bench/weight_type.h"

#include <vector>

#include "base/strings.h"
#include "model/convert/target_type.h"
#include "model/kernels/matmul/matmul.h"
#include "model/tensor/blocks.h"

namespace pano::bench {
namespace {

using tensor::DType;

// Types that are made by repacking a model: a row each, {"q4g", DType::kF32, quant::PackQ4g}.
std::vector<WeightType> PackedTypes() { return {}; }

std::vector<WeightType> WeightTypes() {
  std::vector<WeightType> types;
  for (size_t i = 0; i < tensor::kDTypeCount; ++i) {
    const auto dtype = static_cast<DType>(i);
    if (!tensor::EncoderOf(dtype) || !kernels::MatMulSupports(dtype)) continue;
    types.push_back({ToLower(tensor::Describe(dtype).name), dtype});
  }
  for (WeightType& type : PackedTypes()) types.push_back(std::move(type));
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
  if (tensor.part == ModelTensor::Part::kHead) dtype = convert::GgufTypeFor("output.weight", dtype);
  for (DType type : {dtype, DType::kQ8_0}) {
    const auto block = static_cast<int64_t>(tensor::Describe(type).block_elements);
    if (tensor.shape.back() % block == 0) return type;
  }
  return DType::kF16;
}

}  // namespace pano::bench
