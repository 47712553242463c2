#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace pano::nn {

// ALiBi (Press et al., "Train short, test long", 2021): what is added to the scaled scores of a key
// at position t, slope[h] * t, for `heads` of `total_heads` heads from `first_head` on; softmax does
// not see that a query's own position is missing. [heads, length].
//
// The slopes are powers of 2^(-8/n) for the largest power of two n up to total_heads, then every
// second power of the next finer scale. Slopes and products are rounded to bfloat16 and multiplied
// by 1/sqrt(head_dim), as the published weights (Falcon) were made.
std::vector<float> AlibiBias(size_t first_head, size_t heads, size_t total_heads, size_t length,
                             int64_t head_dim);

}  // namespace pano::nn
