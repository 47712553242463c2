#include "model/nn/encoder/head_tensors.h"

#include <algorithm>

namespace pano::encoder {
namespace {

int64_t SizeAfter(const Stage& stage, int64_t before) {
  const bool sizes = stage.kind == Stage::Kind::kDense || stage.kind == Stage::Kind::kEmbedding;
  return sizes ? stage.size : before;
}

}  // namespace

std::vector<HeadTensor> DescribeHead(const HeadConfig& head, const nn::ModelConfig& tower) {
  using nn::TensorKind;
  using nn::TensorPart;
  std::vector<HeadTensor> out;
  int64_t size = tower.hidden_size;
  for (size_t i = 0; i < head.stages.size(); ++i) {
    const Stage& stage = head.stages[i];
    const int64_t before = size;
    size = SizeAfter(stage, before);
    if (stage.kind == Stage::Kind::kDense) {
      out.push_back(
          {i, TensorKind::kLinear, TensorPart::kWeight, stage.name + ".weight", {size, before}});
    }
    if (stage.kind == Stage::Kind::kNorm) {
      out.push_back({i, TensorKind::kNorm, TensorPart::kWeight, stage.name + ".weight", {size}});
      if (tower.norm_bias) {
        out.push_back({i, TensorKind::kNorm, TensorPart::kBias, stage.name + ".bias", {size}});
      }
    }
    if (!stage.bias_name.empty()) {
      out.push_back({i, TensorKind::kLinear, TensorPart::kBias, stage.bias_name, {size}});
    }
  }
  return out;
}

int64_t HeadSize(const HeadConfig& head, const nn::ModelConfig& tower) {
  int64_t size = tower.hidden_size;
  for (const Stage& stage : head.stages) size = SizeAfter(stage, size);
  return size;
}

bool ReadsEmbedding(const HeadConfig& head) {
  return std::ranges::any_of(
      head.stages, [](const Stage& stage) { return stage.kind == Stage::Kind::kEmbedding; });
}

}  // namespace pano::encoder
