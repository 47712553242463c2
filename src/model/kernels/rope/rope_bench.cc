// Rotation of one head's vector: six operations a pair.
#include <benchmark/benchmark.h>

#include <cmath>
#include <vector>

#include "model/kernels/limits/bench_work.h"
#include "model/kernels/rope/rope.h"

namespace pano::kernels {
namespace {

void BM_Rope(benchmark::State& state, void (*rope)(float*, const float*, const float*, size_t)) {
  const auto dim = static_cast<size_t>(state.range(0));
  std::vector<float> v(dim, 1.0f);
  const std::vector<float> cos(dim / 2, 0.6f), sin(dim / 2, 0.8f);
  for (auto _ : state) {
    rope(v.data(), cos.data(), sin.data(), dim);
    benchmark::ClobberMemory();
  }
  v.assign(dim, 1.0f);
  rope(v.data(), cos.data(), sin.data(), dim);
  if (std::abs(v[0] + 0.2f) > 1e-6f) state.SkipWithError("wrong answer");  // 0.6 - 0.8
  CountWork(state, {3.0 * static_cast<double>(dim), 12.0 * static_cast<double>(dim)});
}
BENCHMARK_CAPTURE(BM_Rope, halves, RopeHalves)->Arg(64)->Arg(128);
BENCHMARK_CAPTURE(BM_Rope, interleaved, RopeInterleaved)->Arg(64)->Arg(128);

}  // namespace
}  // namespace pano::kernels
