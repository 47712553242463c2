#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/format/weights.h"
#include "model/nn/family.h"
#include "model/tensor/tensor.h"

namespace pano::nn {

// Rows of a linear layer that this rank holds, for tensor parallelism; one rank holds all.
struct ShardSpec {
  int rank = 0;
  int ranks = 1;
};

// A linear layer: its matrix stays in the mapped file, its bias (often none) is widened.
struct Linear {
  tensor::TensorView weight;           // [out, in]
  std::vector<float> bias;             // [out] or empty
  ShardSpec shard;
  size_t out() const { return static_cast<size_t>(weight.shape[0]); }
  size_t in() const { return static_cast<size_t>(weight.shape[1]); }
  const float* bias_or_null() const { return bias.empty() ? nullptr : bias.data(); }
};

// Everything that one decoder multiplies with. Immutable; keeps the mapped files alive.
struct DecoderWeights {
  struct Layer {
    std::vector<float> attention_norm, ffn_norm;   // [hidden]
    Linear q, k, v, o, gate, up, down;
  };
  std::shared_ptr<const format::Weights> files;
  tensor::TensorView embedding;        // [vocab, hidden]
  std::vector<Layer> layers;
  std::vector<float> final_norm;       // [hidden]
  Linear head;                         // [vocab, hidden]; a view of the embedding when tied
  std::vector<float> rope_factors;     // [rope.dim / 2] or empty
};

// Finds every tensor that the configuration needs and checks type and shape. Corruption names the
// tensor that is missing or has another shape, Unimplemented one whose type no kernel reads.
Result<DecoderWeights> BindWeights(const format::ModelFiles& files, const FamilyConfig& family);

}  // namespace pano::nn
