#pragma once

#if __has_include(<benchmark/benchmark.h>)
#include <benchmark/benchmark.h>

#include "model/kernels/limits/limits.h"

namespace pano::kernels {

// What one thread can do at best, measured once a run.
inline const MachineLimits& LimitsOfOneThread() {
  static const MachineLimits limits = [] {
    ComputePool pool(1);
    return MeasureLimits(pool);
  }();
  return limits;
}

// Operations and bytes of one iteration, as rates; and their shares of the peak for such operations
// and of the read bandwidth of memory (above 1 where the data lie in a cache).
struct BenchWork {
  double operations = 0, bytes = 0;
  bool integers = false;
};
inline void CountWork(benchmark::State& state, const BenchWork& work) {
  const MachineLimits& limits = LimitsOfOneThread();
  const double runs = static_cast<double>(state.iterations());
  auto rate = [&](double amount) {
    return benchmark::Counter(runs * amount, benchmark::Counter::kIsRate);
  };
  state.counters["op/s"] = rate(work.operations);
  state.counters["B/s"] = rate(work.bytes);
  state.counters["of peak"] = rate(
      work.operations / (work.integers ? limits.int8_op_per_second : limits.f32_flop_per_second));
  state.counters["of bandwidth"] = rate(work.bytes / limits.read_bytes_per_second);
}

}  // namespace pano::kernels
#endif
