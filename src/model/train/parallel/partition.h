#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace pano::train {

// The part [begin, end) of `count` things in their order that is member `rank`'s. Parts differ by
// one at most.
struct Part {
  int64_t begin = 0, end = 0;
  int64_t size() const { return end - begin; }
};
Part PartOf(int64_t count, int rank, int members);

// ZeRO-1 (Rajbhandari et al., "ZeRO: memory optimizations toward training trillion parameter
// models", SC 2020): which member keeps the optimizer's state of each parameter and updates it.
// Largest first, each to the member with the least so far: a pure function of the sizes.
std::vector<int> OwnersOf(std::span<const int64_t> sizes, int members);

}  // namespace pano::train
