// Low-rank products of several adapters. Those of one call share two rounds on the pool: all ranks
// of all products, then all outputs, so that threads meet as often as for one product. Neither the
// parts nor the threads divide a sum.
#include <algorithm>

#include "model/kernels/low_rank/low_rank.h"
#include "model/ops/cpu/cpu_operators.h"
#include "model/ops/cpu/row_grain.h"

namespace pano::ops {
namespace {

// Multiply-adds below which a second thread costs more than it brings, and that make a part of one.
constexpr size_t kParallelFrom = size_t{1} << 16;
constexpr size_t kPartWork = size_t{1} << 14;

size_t DownGroups(const LowRank& low_rank) {
  return (low_rank.rank + kernels::kLowRankDownRanks - 1) / kernels::kLowRankDownRanks;
}

}  // namespace

// run(begin, end) over parts of [0, count), which take `work` multiply-adds together.
template <typename Run>
void CpuOperators::ShareOut(OpContext& context, size_t count, size_t work, const Run& run) {
  if (count == 0) return;
  if (work < kParallelFrom) return run(0, count);
  const size_t grain = std::max<size_t>(1, kPartWork / std::max<size_t>(1, work / count));
  context.pool().ParallelFor(count, grain,
                             [&](size_t begin, size_t end, int) { run(begin, end); });
}

void CpuOperators::AddLowRank(OpContext& context, std::span<const LowRankProduct> products) {
  Workspace::Scope scope(context.workspace());
  low_rank_.clear();
  size_t down_count = 0, up_count = 0, down_work = 0, up_work = 0;
  for (const LowRankProduct& product : products) {
    const LowRank& low_rank = *product.low_rank;
    const size_t rows = product.y.rows;
    LowRankPart part{&product, product.t, nullptr, down_count, up_count};
    if (!part.t) {
      part.computed = scope.Take(rows, low_rank.rank).data;
      part.t = part.computed;
      down_count += DownGroups(low_rank);
      down_work += rows * low_rank.rank * product.x.width;
    }
    up_count += kernels::LowRankPanelCount(low_rank.out);
    up_work += rows * low_rank.rank * low_rank.out;
    low_rank_.push_back(part);
  }
  // Calls f(part, from, to) for what of [begin, end) lies in each part, counted from its beginning.
  auto split = [this](size_t begin, size_t end, size_t LowRankPart::*first, size_t total,
                      const auto& f) {
    auto part = std::upper_bound(
        low_rank_.begin(), low_rank_.end(), begin,
        [first](size_t at, const LowRankPart& one) { return at < one.*first; });
    for (--part; begin < end; ++part) {
      const size_t stop = part + 1 == low_rank_.end() ? total : part[1].*first;
      if (stop <= begin) continue;
      f(*part, begin - (*part).*first, std::min(end, stop) - (*part).*first);
      begin = std::min(end, stop);
    }
  };
  ShareOut(context, down_count, down_work, [&](size_t begin, size_t end) {
    split(begin, end, &LowRankPart::first_down, down_count,
          [&](const LowRankPart& part, size_t from, size_t to) {
            const LowRankProduct& product = *part.product;
            const LowRank& low_rank = *product.low_rank;
            kernels::LowRankDown args;
            args.a = &low_rank.a;
            args.scale = low_rank.scale;
            args.x = product.x.data;
            args.x_stride = product.x.stride;
            args.t = part.computed;
            args.m = product.x.rows;
            args.k = product.x.width;
            isa_.low_rank.down(low_rank.a.dtype)(
                args, from * kernels::kLowRankDownRanks,
                std::min(to * kernels::kLowRankDownRanks, low_rank.rank));
          });
  });
  ShareOut(context, up_count, up_work, [&](size_t begin, size_t end) {
    split(begin, end, &LowRankPart::first_up, up_count,
          [&](const LowRankPart& part, size_t from, size_t to) {
            const LowRank& low_rank = *part.product->low_rank;
            kernels::LowRankUp args;
            args.b = low_rank.b.data();
            args.rank = low_rank.rank;
            args.t = part.t;
            args.y = part.product->y.data;
            args.y_stride = part.product->y.stride;
            args.m = part.product->y.rows;
            args.n = low_rank.out;
            isa_.low_rank.up(low_rank.b_type)(args, from, to);
          });
  });
}

void CpuOperators::ScaleShift(OpContext& context, const float* scale, const float* shift, Rows x) {
  context.pool().ParallelFor(x.rows, kRowGrain, [&](size_t begin, size_t end, int) {
    for (size_t r = begin; r < end; ++r) {
      float* row = x.row(r);
      if (scale) {
        for (size_t d = 0; d < x.width; ++d) row[d] *= scale[d];
      }
      if (shift) {
        for (size_t d = 0; d < x.width; ++d) row[d] += shift[d];
      }
    }
  });
}

}  // namespace pano::ops
