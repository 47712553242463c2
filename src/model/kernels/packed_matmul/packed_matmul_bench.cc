// Packed products at the shapes of a 0.5B model, floats at those of MiniLM and of a 1B model:
// operations and bytes of weights per second beside the limits measured in the same run.
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "base/random.h"
#include "model/kernels/limits/bench_work.h"
#include "model/kernels/packed_matmul/packed_matmul.h"

namespace pano::kernels {
namespace {

struct Free {
  void operator()(std::byte* p) const { std::free(p); }
};

// As models' memory is.
std::unique_ptr<std::byte, Free> Aligned(size_t bytes) {
  return std::unique_ptr<std::byte, Free>(
      static_cast<std::byte*>(std::aligned_alloc(64, (bytes + 63) / 64 * 64)));
}

void BM_PackedMatMul(benchmark::State& state, tensor::DType type) {
  const auto m = static_cast<size_t>(state.range(0)), n = static_cast<size_t>(state.range(1)),
             k = static_cast<size_t>(state.range(2));
  std::vector<float> values(n * k, 0.0f);
  const auto x_memory = Aligned(m * k * sizeof(float)), y_memory = Aligned(m * n * sizeof(float));
  const std::span<float> x(reinterpret_cast<float*>(x_memory.get()), m * k),
      y(reinterpret_cast<float*>(y_memory.get()), m * n);
  Random random(1);
  for (float& v : x) v = static_cast<float>(random.Normal());
  for (size_t row = 0; row < n; ++row) values[row * k + row % k] = 1.0f;
  const tensor::Shape shape = {static_cast<int64_t>(n), static_cast<int64_t>(k)};
  const tensor::TensorView plain{tensor::DType::kF32, shape,
                                 reinterpret_cast<const std::byte*>(values.data()), n * k * 4};
  const size_t bytes = *tensor::ByteSize(type, shape), panel = tensor::PanelBytes(type, k);
  const auto memory = Aligned(bytes);
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
  CountWork(state, {2.0 * static_cast<double>(m * n * k), static_cast<double>(bytes),
                    !tensor::IsPackedFloat(type)});
}

void Shapes(benchmark::internal::Benchmark* b) {
  for (int64_t m : {1, 4, 8, 16, 32, 128, 512}) {
    b->Args({m, 896, 896});
    b->Args({m, 4864, 896});
    b->Args({m, 896, 4864});
  }
  b->ArgNames({"m", "n", "k"});
}
void FloatShapes(benchmark::internal::Benchmark* b) {
  for (int64_t m : {1, 4, 32, 512}) {
    b->Args({m, 1536, 384});
    b->Args({m, 384, 1536});
    b->Args({m, 2048, 2048});
  }
  b->ArgNames({"m", "n", "k"});
}
BENCHMARK_CAPTURE(BM_PackedMatMul, q8_0, tensor::DType::kQ8_0X16)->Apply(Shapes);
BENCHMARK_CAPTURE(BM_PackedMatMul, w8, tensor::DType::kW8X16)->Apply(Shapes);
BENCHMARK_CAPTURE(BM_PackedMatMul, q4_0, tensor::DType::kQ4_0X16)->Apply(Shapes);
BENCHMARK_CAPTURE(BM_PackedMatMul, q4g, tensor::DType::kQ4GX16)->Apply(Shapes);
BENCHMARK_CAPTURE(BM_PackedMatMul, q4_k, tensor::DType::kQ4_KX16)
    ->Args({1, 2048, 2048})
    ->Args({512, 2048, 2048});
BENCHMARK_CAPTURE(BM_PackedMatMul, f32, tensor::DType::kF32X16)->Apply(FloatShapes);
BENCHMARK_CAPTURE(BM_PackedMatMul, f16, tensor::DType::kF16X16)->Apply(FloatShapes);
BENCHMARK_CAPTURE(BM_PackedMatMul, bf16, tensor::DType::kBF16X16)->Apply(FloatShapes);

// Activations to codes.
void BM_Quantise(benchmark::State& state, ActivationCode code) {
  const size_t m = 512, k = 896;
  std::vector<float> x(m * k);
  Random random(2);
  for (float& v : x) v = static_cast<float>(random.Normal());
  ComputePool pool(1);
  ActivationStore store;
  QuantisedRows rows;
  for (auto _ : state) rows = store.Quantise(code, false, x.data(), m, k, pool);
  float top = 0;
  for (size_t i = 0; i < 32; ++i) top = std::max(top, std::abs(x[i]));
  const float want = top / (code == ActivationCode::kUint7 ? 64.0f : 127.0f);
  if (std::abs(rows.scales[0] - want) > 1e-6f * want) state.SkipWithError("wrong answer");
  const auto count = static_cast<double>(m * k);
  CountWork(state, {4 * count, 5 * count});
}
BENCHMARK_CAPTURE(BM_Quantise, seven, ActivationCode::kUint7);
BENCHMARK_CAPTURE(BM_Quantise, eight, ActivationCode::kInt8);

}  // namespace
}  // namespace pano::kernels
