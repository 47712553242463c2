#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace pano::ops {

// How tokens choose experts (Shazeer et al., 2017; by groups: DeepSeek-AI, "DeepSeek-V2", 2024).
struct RoutingParams {
  size_t used = 0;         // experts a token goes to
  bool normalize = true;   // the chosen probabilities sum to one
  float scale = 1.0f;      // on the weights
  size_t groups = 1;       // only experts of the best `groups_used` groups are eligible
  size_t groups_used = 1;
};

// Which rows go to which expert, in host memory: the caller decides by it what to compute. Keeps
// its memory from pass to pass. Confined to one thread.
class ExpertAssignment {
 public:
  // `weights` [rows, experts], 0 where an expert was not chosen.
  void Reset(const float* weights, size_t rows, size_t experts);

  size_t experts() const { return begin_.size() - 1; }
  // Ascending; empty for an expert that nobody chose.
  std::span<const int32_t> rows(size_t expert) const {
    return std::span(rows_).subspan(begin_[expert], begin_[expert + 1] - begin_[expert]);
  }
  std::span<const float> weights(size_t expert) const {
    return std::span(weights_).subspan(begin_[expert], begin_[expert + 1] - begin_[expert]);
  }

 private:
  std::vector<size_t> begin_ = {0};  // [experts + 1]
  std::vector<int32_t> rows_;
  std::vector<float> weights_;
};

}  // namespace pano::ops
