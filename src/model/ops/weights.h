#pragma once

#include <cstdint>
#include <vector>

#include "model/tensor/tensor.h"

namespace pano::ops {

// The part of a linear layer that this rank holds, for tensor parallelism (Shoeybi et al.,
// "Megatron-LM", 2019). One rank holds all.
struct ShardSpec {
  enum class Axis : uint8_t {
    kNone,  // every rank holds the whole layer
    kOut,   // "column-parallel": the rank computes its part of the outputs from all inputs
    kIn,    // "row-parallel": from its part of the inputs a part of the sum of all outputs
  };
  Axis axis = Axis::kNone;
  int rank = 0;
  int ranks = 1;
  // Whether ranks have to add up what they computed.
  bool reduces() const { return axis == Axis::kIn && ranks > 1; }
};

// A linear layer: its matrix stays in the mapped file, its bias (often none) is kept as floats.
struct Linear {
  tensor::TensorView weight;  // [out, in] of this rank's part
  std::vector<float> bias;    // [out] or empty; of a layer that reduces, rank 0's counts
  ShardSpec shard;
  size_t out() const { return static_cast<size_t>(weight.shape[0]); }
  size_t in() const { return static_cast<size_t>(weight.shape[1]); }
  bool present() const { return weight.data != nullptr; }
  const float* bias_or_null() const { return bias.empty() ? nullptr : bias.data(); }
};

// A norm's weight and bias as floats; both empty where there is none.
struct NormWeights {
  std::vector<float> weight, bias;  // [n]
  const float* bias_or_null() const { return bias.empty() ? nullptr : bias.data(); }
};

// Whether linear layers and embeddings can read matrices of this type.
bool CanRead(tensor::DType dtype);

// Row `row` of a matrix as floats, on the host: the very values that products multiply with. For
// loading; passes use ops::Embedding. REQUIRES: CanRead.
void DequantizeRow(const tensor::TensorView& matrix, size_t row, float* out);

}  // namespace pano::ops
