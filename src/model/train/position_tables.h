#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>

#include "model/nn/model_config.h"
#include "model/train/ops/attention.h"

namespace pano::train {

// What attention has of positions: rotations of queries and keys, and what is added to the scores.
// Made for one batch. Confined to one thread.
class PositionTables {
 public:
  // Rows of `length` tokens. `keep` [batch, length], bool: the tokens that others see; undefined:
  // all. `positions` [batch, length], int64: where they do not go on from one token to the next,
  // another text begins, which sees itself alone; undefined: one text from position 0.
  PositionTables(const nn::ModelConfig& config, int64_t batch, int64_t length, at::ScalarType type,
                 const at::Tensor& keep, const at::Tensor& positions);

  // x [batch, length, heads, head_dim]: the leading components rotated as the layer's kind says.
  at::Tensor Rotate(const at::Tensor& x, nn::LayerConfig::Rope kind) const;

  // What is added to the scores of a layer with this window; 0 or an ALiBi bias where a query may
  // look, minus infinity elsewhere.
  const ScoreBias& Bias(int64_t window) const { return biases_.at(window); }

 private:
  struct Rotation {
    // [length, 1, rotated components], with a batch in front where positions are given; undefined:
    // nothing is rotated
    at::Tensor cos, sin;
    bool interleaved = false;
  };
  static Rotation MakeRotation(const nn::RopeConfig& rope, int64_t length, at::ScalarType type,
                               const at::Tensor& positions);

  Rotation global_, local_;
  std::map<int64_t, ScoreBias> biases_;  // by window
};

}  // namespace pano::train
