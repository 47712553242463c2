// Packed products at the shapes of a 0.5B model: operations and bytes of weights per second, beside
// the plain peak of 8-bit multiply-adds measured in the same run ("share").
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "base/random.h"
#include "model/kernels/limits/limits.h"
#include "model/kernels/packed_matmul/packed_matmul.h"

namespace pano::kernels {
namespace {

double PeakOfOneThread() {
  static const double peak = [] {
    ComputePool pool(1);
    return MeasureLimits(pool).int8_op_per_second;
  }();
  return peak;
}

struct Free {
  void operator()(std::byte* p) const { std::free(p); }
};

void BM_PackedMatMul(benchmark::State& state, tensor::DType type) {
  const auto m = static_cast<size_t>(state.range(0)), n = static_cast<size_t>(state.range(1)),
             k = static_cast<size_t>(state.range(2));
  std::vector<float> values(n * k, 0.0f), x(m * k), y(m * n);
  Random random(1);
  for (float& v : x) v = static_cast<float>(random.Normal());
  for (size_t row = 0; row < n; ++row) values[row * k + row % k] = 1.0f;
  const tensor::Shape shape = {static_cast<int64_t>(n), static_cast<int64_t>(k)};
  const tensor::TensorView plain{tensor::DType::kF32, shape,
                                 reinterpret_cast<const std::byte*>(values.data()), n * k * 4};
  const size_t bytes = *tensor::ByteSize(type, shape), panel = tensor::PanelBytes(type, k);
  std::unique_ptr<std::byte, Free> memory(
      static_cast<std::byte*>(std::aligned_alloc(64, (bytes + 63) / 64 * 64)));
  for (size_t p = 0; p < bytes / panel; ++p) {
    tensor::PackPanel(plain, type, p, memory.get() + p * panel);
  }
  const tensor::TensorView w{type, shape, memory.get(), bytes};
  ComputePool pool(1);
  ActivationStore store;
  const PackedProduct product{&w, nullptr, y.data()};
  for (auto _ : state) PackedMatMul({&product, 1}, x.data(), m, k, store, pool);
  // Row r of w picks column r mod k of x, within what quantisation leaves.
  for (size_t i = 0; i < n; ++i) {
    if (std::abs(y[i] - x[i % k]) > 0.15f) state.SkipWithError("wrong answer");
  }
  const double runs = static_cast<double>(state.iterations());
  const double work = runs * 2.0 * static_cast<double>(m * n * k);
  state.counters["op/s"] = benchmark::Counter(work, benchmark::Counter::kIsRate);
  state.counters["weight B/s"] =
      benchmark::Counter(runs * static_cast<double>(bytes), benchmark::Counter::kIsRate);
  state.counters["share"] =
      benchmark::Counter(work / PeakOfOneThread(), benchmark::Counter::kIsRate);
}

void Shapes(benchmark::internal::Benchmark* b) {
  for (int64_t m : {1, 4, 8, 16, 32, 128, 512}) {
    b->Args({m, 896, 896});
    b->Args({m, 4864, 896});
    b->Args({m, 896, 4864});
  }
  b->ArgNames({"m", "n", "k"});
}
BENCHMARK_CAPTURE(BM_PackedMatMul, q8_0, tensor::DType::kQ8_0X16)->Apply(Shapes);
BENCHMARK_CAPTURE(BM_PackedMatMul, w8, tensor::DType::kW8X16)->Apply(Shapes);
BENCHMARK_CAPTURE(BM_PackedMatMul, q4_0, tensor::DType::kQ4_0X16)->Apply(Shapes);
BENCHMARK_CAPTURE(BM_PackedMatMul, q4g, tensor::DType::kQ4GX16)->Apply(Shapes);

}  // namespace
}  // namespace pano::kernels
