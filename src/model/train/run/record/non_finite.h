#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/status.h"

namespace pano::train {

// NaN and infinite values of a tensor.
struct NonFiniteCount {
  int64_t nan = 0;
  int64_t infinite = 0;
  int64_t of = 0;  // values in all
  bool any() const { return nan > 0 || infinite > 0; }
};
NonFiniteCount CountNonFinite(std::span<const float> values);

// A loss that is no number any more, and where it comes from.
struct NonFiniteReport {
  int64_t step = 0;
  double loss = 0;
  // The first place in the order of the forward pass whose values are not finite, as
  // "model.layers.3.mlp.down_proj.weight"; "" when none was found (the loss alone).
  std::string place = {};
  std::string kind = {};  // what is there: "weights", "activations", "gradient"
  NonFiniteCount count = {};
  int64_t last_checkpoint = -1;  // the newest that stands; -1: none
};

// The layer of a tensor's name: 3 for "model.layers.3.mlp.x", "h.3.attn.x", "encoder.layer.3.x".
std::optional<int64_t> LayerOfName(std::string_view name);

// InvalidArgument with the reason "non_finite_loss": names step and layer, what stands, what to try.
Status NonFiniteLoss(const NonFiniteReport& report);

}  // namespace pano::train
