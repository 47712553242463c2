#include "model/ops/adapter.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "base/check.h"
#include "model/kernels/low_rank/low_rank.h"
#include "model/tensor/half.h"

namespace pano::ops {

LowRank LowRank::Copy(const tensor::TensorView& a, const tensor::TensorView& b, float scale) {
  PANO_CHECK(kernels::LowRankSupports(a.dtype) && kernels::LowRankSupports(b.dtype));
  PANO_CHECK(a.shape.size() == 2 && b.shape.size() == 2 && a.shape[0] == b.shape[1]);
  LowRank out;
  out.a_values.assign(a.data, a.data + a.bytes);
  out.a = {a.dtype, a.shape, out.a_values.data(), out.a_values.size()};
  out.b_type = b.dtype;
  out.b_values = kernels::LowRankPanels(b);
  out.b = out.b_values;
  out.rank = static_cast<size_t>(a.shape[0]);
  out.out = static_cast<size_t>(b.shape[0]);
  out.scale = scale;
  return out;
}

float LowRank::BValue(size_t row, size_t column) const {
  const size_t at =
      (row / kernels::kLowRankPanel * rank + column) * kernels::kLowRankPanel + row % kernels::kLowRankPanel;
  const auto* halves = reinterpret_cast<const uint16_t*>(b.data());
  if (b_type == tensor::DType::kF16) return tensor::HalfToFloat(halves[at]);
  if (b_type == tensor::DType::kBF16) return tensor::BFloatToFloat(halves[at]);
  return reinterpret_cast<const float*>(b.data())[at];
}

void AdapterWeights::Gather() {
  constexpr size_t kLine = 64;  // bytes; no two matrices share one
  const auto padded = [](size_t bytes) { return (bytes + kLine - 1) / kLine * kLine; };
  std::vector<std::pair<const void*, LowRank*>> all;
  for (auto& [key, change] : linears_) all.emplace_back(key, &change.low_rank);
  for (auto& [key, change] : tables_) all.emplace_back(key, &change.low_rank);
  std::ranges::sort(all);
  size_t total = 0;
  for (const auto& [key, pair] : all) total += padded(pair->a.bytes) + padded(pair->b.size());
  decltype(gathered_) gathered;
  try {
    gathered.resize(total);
  } catch (const std::bad_alloc&) {
    return;
  }
  std::byte* to = gathered.data();
  const auto move = [&](std::vector<std::byte>& values, const std::byte* from, size_t bytes) {
    std::byte* at = to;
    if (bytes > 0) std::memcpy(at, from, bytes);
    to += padded(bytes);
    std::vector<std::byte>().swap(values);
    return at;
  };
  for (const auto& [key, pair] : all) {
    pair->a.data = move(pair->a_values, pair->a.data, pair->a.bytes);
    const size_t bytes = pair->b.size();
    pair->b = {move(pair->b_values, pair->b.data(), bytes), bytes};
  }
  gathered_ = std::move(gathered);
}

size_t AdapterWeights::bytes() const {
  size_t sum = 0;
  for (const auto& [key, change] : linears_) sum += change.bytes();
  for (const auto& [key, change] : tables_) sum += change.bytes();
  for (const auto& [key, norm] : norms_) {
    sum += sizeof(float) * (norm.weight.size() + norm.bias.size());
  }
  return sum;
}

void GatherRuns(std::span<const AdapterRun> runs, std::span<const int32_t> rows,
                std::vector<AdapterRun>& out) {
  out.clear();
  for (size_t i = 0; i < rows.size(); ++i) {
    const auto row = static_cast<size_t>(rows[i]);
    // The last run that begins at the row or before.
    auto run = std::upper_bound(runs.begin(), runs.end(), row,
                                [](size_t r, const AdapterRun& one) { return r < one.begin; });
    if (run == runs.begin()) continue;
    --run;
    if (row >= run->begin + run->count) continue;
    if (!out.empty() && out.back().adapter == run->adapter &&
        out.back().begin + out.back().count == i) {
      ++out.back().count;
    } else {
      out.push_back({i, 1, run->adapter});
    }
  }
}

}  // namespace pano::ops
