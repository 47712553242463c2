// Attention of one KV head over a context: the queries of a group for one token (decode), or of a
// tile of tokens (prefill). Two products of head_dim by context a query; bytes are those of keys
// and values.
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "model/kernels/attention/attention.h"
#include "model/kernels/isa.h"
#include "model/kernels/limits/bench_work.h"

namespace pano::kernels {
namespace {

constexpr size_t kDim = 64;

size_t BlockBytes(KvFormat format) {
  const size_t elements = kAttentionBlock * kDim;
  if (format == KvFormat::kInt8) return elements + kAttentionBlock * sizeof(float);
  return elements * (format == KvFormat::kF32 ? 4 : 2);
}

void BM_Attention(benchmark::State& state, KvFormat format) {
  const auto count = static_cast<size_t>(state.range(0)),
             length = static_cast<size_t>(state.range(1));
  const AttentionKernels& kernels = SelectIsa().attention;
  const size_t blocks = length / kAttentionBlock, bytes = BlockBytes(format);
  std::vector<std::byte> keys(blocks * bytes), values(blocks * bytes);
  std::vector<int32_t> table(blocks);
  // All keys are alike, so the answer is the mean of the values: 1.5.
  const std::vector<float> key(kDim, 0.1f), one(kDim, 1.0f), two(kDim, 2.0f);
  for (size_t t = 0; t < length; ++t) {
    const size_t block = t / kAttentionBlock, slot = t % kAttentionBlock;
    table[block] = static_cast<int32_t>(block);
    const StoreKvFn store = kernels.store[static_cast<size_t>(format)];
    store(key.data(), kDim, slot, keys.data() + block * bytes);
    store((t % 2 ? one : two).data(), kDim, slot, values.data() + block * bytes);
  }
  std::vector<float> q(count * kDim, 0.3f), out(count * kDim);
  std::vector<AttentionQuery> queries(count);
  for (size_t i = 0; i < count; ++i) {
    queries[i] = {&q[i * kDim], &out[i * kDim], 0, static_cast<int64_t>(length), nullptr, 0};
  }
  std::vector<float> scratch(AttentionScratch(count, kDim, kDim));
  AttentionArgs args;
  args.queries = queries.data();
  args.count = count;
  args.head_dim = args.value_dim = args.key_stride = args.value_stride = kDim;
  args.scale = 0.125f;
  args.keys = keys.data();
  args.values = values.data();
  args.key_block_stride = args.value_block_stride = bytes;
  args.table = table.data();
  args.scratch = scratch.data();
  for (auto _ : state) {
    kernels.attention[static_cast<size_t>(format)](args);
    benchmark::ClobberMemory();
  }
  if (std::abs(out[0] - 1.5f) > 1e-2f) state.SkipWithError("wrong answer");
  CountWork(state, {4.0 * static_cast<double>(count * length * kDim),
                    2.0 * static_cast<double>(blocks * bytes)});
}

void Shapes(benchmark::internal::Benchmark* b) {
  b->ArgNames({"queries", "context"});
  for (int64_t queries : {1, 7, 64}) b->Args({queries, 512})->Args({queries, 4096});
}
BENCHMARK_CAPTURE(BM_Attention, f32, KvFormat::kF32)->Apply(Shapes);
BENCHMARK_CAPTURE(BM_Attention, f16, KvFormat::kF16)->Apply(Shapes);
BENCHMARK_CAPTURE(BM_Attention, int8, KvFormat::kInt8)->Apply(Shapes);

}  // namespace
}  // namespace pano::kernels
