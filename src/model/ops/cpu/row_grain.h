#pragma once

#include <cstddef>

namespace pano::ops {

// Rows that make a part worth a thread: in work that computes, and in work that only moves memory.
inline constexpr size_t kRowGrain = 4;
inline constexpr size_t kCopyGrain = 32;

}  // namespace pano::ops
