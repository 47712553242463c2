#pragma once

#include <cstdint>
#include <vector>

#include "base/threads.h"

namespace pano::kernels {

// What this machine can do at best with so many threads, measured: the roof that kernels are
// compared with.
struct MachineLimits {
  int threads = 0;
  double read_bytes_per_second = 0;  // streaming reads of memory far larger than the caches
  double f32_flop_per_second = 0;    // multiply-add counts two
  // Multiply-add of 8-bit integers into 32 bits counts two; by the plainest chain of instructions
  // that the instruction set has for it (AVX2: vpmaddubsw, vpmaddwd, vpaddd).
  double int8_op_per_second = 0;
};

// With `threads` threads of the pool, 0: with all. Takes about half a second. Memory that cannot be
// had gives a read bandwidth of zero.
MachineLimits MeasureLimits(ComputePool& pool, int threads = 0);

// With 1, 2, ... 8 threads, then doubling, and with all of the pool's; the last is for all.
std::vector<MachineLimits> MeasureLimitsByThreads(ComputePool& pool);

// Runs independent chains of multiply-adds that stay in registers, and gives the number of
// operations that were carried out.
using FloatPeakFn = int64_t (*)(int64_t rounds);
using Int8PeakFn = int64_t (*)(int64_t rounds);

}  // namespace pano::kernels
