#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/large_pages.h"
#include "model/ops/view.h"
#include "model/ops/weights.h"

// Adapters: what some rows of a pass compute beside or in place of a model's own weights, while other
// rows of the same pass use other adapters or none. The layers know nothing of it: they call the
// operators with the model's weights, and these look up, by the address of a weight, what the rows'
// adapters change of it.
namespace pano::ops {

// scale * B A, beside a matrix [out, in]. Movable: `a` and `b` look into the values below, or into
// those that their AdapterWeights gathered.
struct LowRank {
  LowRank() = default;
  LowRank(LowRank&&) = default;
  LowRank& operator=(LowRank&&) = default;

  tensor::TensorView a;              // [rank, in]: F32, F16 or BF16
  tensor::DType b_type = tensor::DType::kF32;
  std::span<const std::byte> b;      // [out, rank] as kernels::LowRankPanels lays it out
  std::vector<std::byte> a_values, b_values;
  size_t rank = 0, out = 0;
  float scale = 1.0f;

  // Copies both. REQUIRES: a [rank, in] and b [out, rank] of types that the kernels read.
  static LowRank Copy(const tensor::TensorView& a, const tensor::TensorView& b, float scale);
  bool present() const { return rank > 0; }
  size_t bytes() const { return a.bytes + b.size(); }
  float BValue(size_t row, size_t column) const;  // of B, widened
};

// What an adapter changes of a linear layer: y = row_scale * (W x + bias + scale B A x) + bias_change,
// where absent parts are left out.
struct LinearChange {
  LowRank low_rank;
  std::vector<float> row_scale;    // [out] or empty
  std::vector<float> bias_change;  // [out] or empty
  Linear replaced;                 // present: the whole layer instead
  std::vector<float> replaced_values;  // behind `replaced`

  size_t bytes() const {
    return low_rank.bytes() + sizeof(float) * (row_scale.size() + bias_change.size() +
                                               replaced.bias.size() + replaced_values.size());
  }
};

// What an adapter changes of a table whose rows are looked up: a row of the model's or a given one,
// plus scale * (B A) of that row, where A is kept with a row a token.
struct TableChange {
  LowRank low_rank;                     // [width, rank] times the token's row of `a`, [rows, rank]
  std::vector<float> replaced_values;   // all rows instead, [rows, width]; or empty
  std::unordered_map<int32_t, std::vector<float>> replaced_rows;  // some rows instead

  size_t bytes() const {
    return low_rank.bytes() + sizeof(float) * replaced_values.size() +
           (replaced_rows.empty() ? 0
                                  : replaced_rows.size() * (sizeof(float) *
                                                            replaced_rows.begin()->second.size() + 64));
  }
};

// All that one adapter changes of one model, by the addresses of the model's weights. Immutable once
// it is filled; thread-safe then.
class AdapterWeights {
 public:
  LinearChange& Change(const Linear& linear) { return linears_[&linear]; }
  NormWeights& Change(const NormWeights& norm) { return norms_[&norm]; }
  TableChange& Change(const tensor::TensorView& table) { return tables_[&table]; }

  const LinearChange* Find(const Linear& linear) const { return FindIn(linears_, &linear); }
  const NormWeights* Find(const NormWeights& norm) const { return FindIn(norms_, &norm); }
  const TableChange* Find(const tensor::TensorView& table) const {
    return FindIn(tables_, &table);
  }

  // Moves the low-rank values together, in the order of the model's weights, into large pages: a step
  // of several adapters walks through all of them, a few kilobytes each. Call it once all is filled;
  // where there is no memory for it, they stay where they are.
  void Gather();

  bool empty() const { return linears_.empty() && norms_.empty() && tables_.empty(); }
  size_t bytes() const;

 private:
  template <typename Key, typename Value>
  static const Value* FindIn(const std::unordered_map<const Key*, Value>& map, const Key* key) {
    const auto found = map.find(key);
    return found == map.end() ? nullptr : &found->second;
  }

  std::unordered_map<const Linear*, LinearChange> linears_;
  std::unordered_map<const NormWeights*, NormWeights> norms_;  // instead of the model's
  std::unordered_map<const tensor::TensorView*, TableChange> tables_;
  std::vector<std::byte, LargePageAllocator<std::byte>> gathered_;
};

// Rows [begin, begin + count) of a pass that one adapter belongs to. Borrows it.
struct AdapterRun {
  size_t begin = 0, count = 0;
  const AdapterWeights* adapter = nullptr;
};

// The runs of rows[0], rows[1], ... of a pass whose runs are `runs` (ascending, apart), into `out`.
void GatherRuns(std::span<const AdapterRun> runs, std::span<const int32_t> rows,
                std::vector<AdapterRun>& out);

// One low-rank product of a call: for the rows of x, or with t = A x given.
struct LowRankProduct {
  const LowRank* low_rank = nullptr;
  ConstRows x;                // [rows, in]; empty where t is given
  const float* t = nullptr;   // [rows, rank], scaled
  Rows y;                     // [rows, out], is added to
};

}  // namespace pano::ops
