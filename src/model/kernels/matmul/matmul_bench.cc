// Matrix products at the shapes of a 1B model: operations and bytes of weights per second
// beside the limits measured in the same run.
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "model/kernels/limits/bench_work.h"
#include "model/kernels/matmul/matmul.h"
#include "model/tensor/half.h"

namespace pano::kernels {
namespace {

void BM_MatMul(benchmark::State& state, tensor::DType dtype) {
  const auto m = static_cast<size_t>(state.range(0));
  const size_t n = 2048, k = 2048;
  tensor::Shape shape = {static_cast<int64_t>(n), static_cast<int64_t>(k)};
  // Zero bytes are the value zero in every type; one weight of one checks the answer.
  std::vector<std::byte> bytes(*tensor::ByteSize(dtype, shape));
  if (dtype == tensor::DType::kQ8_0) {
    tensor::Q8Block block{tensor::FloatToHalf(1.0f), {1}};
    std::memcpy(bytes.data(), &block, sizeof block);
  }
  tensor::TensorView w{dtype, shape, bytes.data(), bytes.size()};
  std::vector<float> x(m * k, 3.0f), y(m * n);
  ComputePool pool(1);
  MatMulArgs args{&w, x.data(), nullptr, y.data(), m, n, k};
  for (auto _ : state) MatMul(args, pool);
  if (dtype == tensor::DType::kQ8_0 && y[0] != 3.0f) state.SkipWithError("wrong answer");
  CountWork(state, {2.0 * static_cast<double>(m * n * k), static_cast<double>(bytes.size())});
}
BENCHMARK_CAPTURE(BM_MatMul, f32, tensor::DType::kF32)->Arg(1)->Arg(4)->Arg(64);
BENCHMARK_CAPTURE(BM_MatMul, f16, tensor::DType::kF16)->Arg(1)->Arg(4)->Arg(64);
BENCHMARK_CAPTURE(BM_MatMul, q8_0, tensor::DType::kQ8_0)->Arg(1)->Arg(4)->Arg(64);
BENCHMARK_CAPTURE(BM_MatMul, q4_0, tensor::DType::kQ4_0)->Arg(1)->Arg(64);
BENCHMARK_CAPTURE(BM_MatMul, q4_k, tensor::DType::kQ4_K)->Arg(1)->Arg(64);
BENCHMARK_CAPTURE(BM_MatMul, q6_k, tensor::DType::kQ6_K)->Arg(1)->Arg(64);
BENCHMARK_CAPTURE(BM_MatMul, iq2_xs, tensor::DType::kIQ2_XS)->Arg(1)->Arg(64);

}  // namespace
}  // namespace pano::kernels
