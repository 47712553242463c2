#pragma once

#include <vector>

#include "model/nn/fwd.h"
#include "model/nn/pass_rows.h"
#include "model/nn/weights/decoder_weights.h"
#include "model/ops/attention.h"

namespace pano::nn {

// What is added to attention's scores by position: nothing, ALiBi (Press et al., "Train short, test
// long", 2021) or learned biases by relative distance (Raffel et al., "Exploring the limits of
// transfer learning", 2020). One for all layers. Confined to the thread that steps the model.
class PositionBias {
 public:
  // Borrows both. Of `total_heads` heads of the model, the first of these is `first_head`.
  PositionBias(const ModelConfig& config, std::span<const float> relative_bias,
               int64_t first_head, int64_t total_heads);

  // Makes the table long enough for the pass.
  void Reset(const PassRows& rows);
  ops::ScoreBias Get() const;

 private:
  void FillRelative(int64_t reach);

  const ModelConfig& config_;
  const std::span<const float> relative_bias_;  // [buckets, heads]
  std::vector<float> alibi_;                    // [heads, context]
  std::vector<float> relative_;                 // [heads, 2 reach + 1], by distance + reach
  int64_t reach_ = -1;
};

}  // namespace pano::nn
