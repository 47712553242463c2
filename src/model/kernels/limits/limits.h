#pragma once

#include <cstdint>
#include <vector>

#include "base/threads.h"

namespace pano::kernels {

// What this machine can do at best with so many threads, measured: the roof that kernels are
// compared with.
struct MachineLimits {
  int threads = 0;
  double read_bytes_per_second = 0;  // streaming reads of a working set, by default far larger than
                                     // the caches
  double f32_flop_per_second = 0;    // multiply-add counts two
  // Multiply-add of 8-bit integers into 32 bits counts two; by the plainest chain of instructions
  // that the instruction set has for it (AVX2: vpmaddubsw, vpmaddwd, vpaddd).
  double int8_op_per_second = 0;
  // The same by a unit that multiplies tiles (AMX), of 8-bit integers and of BF16; 0 where the set
  // in use has none.
  double tile_int8_op_per_second = 0;
  double tile_bf16_flop_per_second = 0;
};

// Reads of so many bytes, over and over, as decoding reads a model's weights: from a cache where
// they fit one. Kept within a range that takes about a second.
inline constexpr size_t kReadBytes = size_t{1} << 30;

// With `threads` threads of the pool, 0: with all. Takes about a second. Memory that cannot be had
// gives a read bandwidth of zero.
MachineLimits MeasureLimits(ComputePool& pool, int threads = 0, size_t read_bytes = kReadBytes);
// Read bandwidth alone.
double MeasureReadBandwidth(ComputePool& pool, size_t read_bytes = kReadBytes);

// With 1, 2, ... 8 threads, then doubling, and with all of the pool's; the last is for all.
std::vector<MachineLimits> MeasureLimitsByThreads(ComputePool& pool);

// Runs independent chains of multiply-adds that stay in registers, and gives the number of
// operations that were carried out.
using FloatPeakFn = int64_t (*)(int64_t rounds);
using Int8PeakFn = int64_t (*)(int64_t rounds);
using TilePeakFn = int64_t (*)(int64_t rounds);

}  // namespace pano::kernels
