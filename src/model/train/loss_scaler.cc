#include "model/train/loss_scaler.h"

#include <cmath>

namespace pano::train {

void LossScaler::Update(bool overflow) {
  if (overflow) {
    scale_ = static_cast<float>(static_cast<double>(scale_) * options_.backoff);
    good_steps_ = 0;
    return;
  }
  if (++good_steps_ < options_.growth_interval) return;
  const auto grown = static_cast<float>(static_cast<double>(scale_) * options_.growth);
  if (std::isfinite(grown)) scale_ = grown;
  good_steps_ = 0;
}

}  // namespace pano::train
