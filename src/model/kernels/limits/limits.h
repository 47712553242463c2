#pragma once

#include <cstdint>

#include "base/threads.h"

namespace pano::kernels {

// What this machine can do at best with the pool's threads, measured: the roof that kernels are
// compared with.
struct MachineLimits {
  double read_bytes_per_second = 0;  // streaming reads of memory far larger than the caches
  double f32_flop_per_second = 0;    // multiply-add counts two
  double int8_op_per_second = 0;     // multiply-add of 8-bit integers into 32 bits counts two
};

// Takes about a second. Exhausted memory gives zeros.
MachineLimits MeasureLimits(ComputePool& pool);

// Independent chains of multiply-adds that stay in registers; kPeakChains chains of Lanes width.
inline constexpr int kPeakChains = 6;
using FloatPeakFn = float (*)(int64_t rounds);
using Int8PeakFn = int32_t (*)(int64_t rounds);  // 32 products a chain and round

}  // namespace pano::kernels
