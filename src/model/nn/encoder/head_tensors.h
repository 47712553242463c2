#pragma once

#include <string>
#include <vector>

#include "model/nn/encoder/encoder_config.h"
#include "model/nn/weights/tensor_inventory.h"

namespace pano::encoder {

// One tensor of a head: what DescribeTensors is for a stack.
struct HeadTensor {
  size_t stage = 0;                               // into HeadConfig::stages
  nn::TensorKind kind = nn::TensorKind::kLinear;  // or kNorm
  nn::TensorPart part = nn::TensorPart::kWeight;
  std::string name;  // the whole name, or "a|b": whichever there is
  tensor::Shape shape;
};

// What the head has beside the word embeddings, in the order of its stages. Pure.
std::vector<HeadTensor> DescribeHead(const HeadConfig& head, const nn::ModelConfig& tower);

// Components of a row after the head.
int64_t HeadSize(const HeadConfig& head, const nn::ModelConfig& tower);

// Whether a stage multiplies with the word embeddings.
bool ReadsEmbedding(const HeadConfig& head);

}  // namespace pano::encoder
