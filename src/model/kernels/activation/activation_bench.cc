// Gated activations of one row: an exponential is counted as the twenty operations of its
// polynomial and scaling.
#include <benchmark/benchmark.h>

#include <cmath>
#include <vector>

#include "model/kernels/activation/activation.h"
#include "model/kernels/isa.h"
#include "model/kernels/limits/bench_work.h"

namespace pano::kernels {
namespace {

void BM_Gated(benchmark::State& state, Activation activation) {
  const size_t n = 4864;
  const std::vector<float> up(n, 1.0f), start(n, 1.0f);
  std::vector<float> gate = start;
  const GatedActivateFn fn = SelectIsa().activation(activation).gated;
  for (auto _ : state) {
    fn(gate.data(), up.data(), n);  // converges to 0, which costs the same
    benchmark::ClobberMemory();
  }
  gate = start;
  fn(gate.data(), up.data(), n);
  // silu(1) = 0.7311, gelu(1) = 0.8413 (0.8412 by tanh).
  const float want = activation == Activation::kSilu ? 0.7311f : 0.8413f;
  if (std::abs(gate[0] - want) > 3e-4f) state.SkipWithError("wrong answer");
  CountWork(state, {24.0 * static_cast<double>(n), 12.0 * static_cast<double>(n)});
}
BENCHMARK_CAPTURE(BM_Gated, silu, Activation::kSilu);
BENCHMARK_CAPTURE(BM_Gated, gelu, Activation::kGelu);
BENCHMARK_CAPTURE(BM_Gated, gelu_tanh, Activation::kGeluTanh);

}  // namespace
}  // namespace pano::kernels
