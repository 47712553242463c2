#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace pano::inference {

// Sizes of a tensor, the outermost first.
using Shape = std::vector<int64_t>;

inline constexpr size_t kRankMax = 8;
inline constexpr int64_t kElementsMax = 1 << 28;  // of one tensor

// The number of elements, known before memory is spent on them. InvalidArgument for a negative size,
// more than kRankMax sizes, or a product above kElementsMax.
Result<int64_t> CountElements(std::span<const int64_t> shape);

std::string ShapeText(std::span<const int64_t> shape);  // "[2,48]"

}  // namespace pano::inference
