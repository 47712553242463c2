// Normalisation of 64 rows: five operations a value (square, sum, scale, weight, store).
#include <benchmark/benchmark.h>

#include <cmath>
#include <vector>

#include "model/kernels/isa.h"
#include "model/kernels/limits/bench_work.h"
#include "model/kernels/norm/norm.h"

namespace pano::kernels {
namespace {

void BM_Norm(benchmark::State& state, NormFn Isa::*norm) {
  constexpr size_t kRows = 64;
  const auto n = static_cast<size_t>(state.range(0));
  std::vector<float> x(kRows * n), w(n, 2.0f), b(n, 0.0f), y(kRows * n);
  for (size_t i = 0; i < x.size(); ++i) x[i] = i % 2 ? -3.0f : 3.0f;
  const NormFn fn = SelectIsa().*norm;
  for (auto _ : state) {
    fn({.x = x.data(), .x_stride = n, .y = y.data(), .y_stride = n, .rows = kRows, .width = n,
        .weight = w.data(), .bias = b.data()});
    benchmark::ClobberMemory();
  }
  // Mean 0, mean square 9: every value becomes its sign times the weight.
  if (std::abs(y[0] - 2.0f) > 1e-5f) state.SkipWithError("wrong answer");
  CountWork(state, {5.0 * static_cast<double>(x.size()), 12.0 * static_cast<double>(x.size())});
}
BENCHMARK_CAPTURE(BM_Norm, rms, &Isa::rms_norm)->Arg(384)->Arg(896)->Arg(2048);
BENCHMARK_CAPTURE(BM_Norm, layer, &Isa::layer_norm)->Arg(384)->Arg(896)->Arg(2048);

}  // namespace
}  // namespace pano::kernels
