#include "model/ops/routing.h"

namespace pano::ops {

void ExpertAssignment::Reset(const float* weights, size_t rows, size_t experts) {
  begin_.assign(1, 0);
  rows_.clear();
  weights_.clear();
  for (size_t e = 0; e < experts; ++e) {
    for (size_t r = 0; r < rows; ++r) {
      const float weight = weights[r * experts + e];
      if (weight == 0.0f) continue;
      rows_.push_back(static_cast<int32_t>(r));
      weights_.push_back(weight);
    }
    begin_.push_back(rows_.size());
  }
}

}  // namespace pano::ops
