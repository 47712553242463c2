#pragma once

#include <cstdint>
#include <utility>

#include "model/convert/row_tensor.h"
#include "model/convert/tensor_plan.h"
#include "model/nn/model_config.h"

namespace pano::convert {

// Where a row of queries, keys or values stands in each layout. Immutable, so thread-safe.
class QkvRows {
 public:
  enum Part : size_t { kQ, kK, kV };

  QkvRows(const nn::ModelConfig& config, nn::QkvLayout layout)
      : layout_(layout),
        kv_(config.kv_head_count),
        group_(config.head_count / config.kv_head_count),
        dim_(config.head_dim),
        value_(config.value_size()) {}

  int64_t Rows(Part part) const {
    return kv_ * (part == kQ ? group_ * dim_ : part == kK ? dim_ : value_);
  }
  int64_t AllRows() const { return Rows(kQ) + Rows(kK) + Rows(kV); }

  // The row of the fused matrix.
  int64_t Place(Part part, int64_t row) const {
    if (layout_ == nn::QkvLayout::kBlocks) {
      return row + (part == kQ ? 0 : part == kK ? Rows(kQ) : Rows(kQ) + Rows(kK));
    }
    const int64_t each = Rows(part) / kv_;  // rows of the part in one group
    const int64_t before = part == kQ ? 0 : part == kK ? group_ * dim_ : (group_ + 1) * dim_;
    return row / each * ((group_ + 1) * dim_ + value_) + before + row % each;
  }
  // The part and its row that stands in a row of the fused matrix.
  std::pair<Part, int64_t> Find(int64_t row) const {
    if (layout_ == nn::QkvLayout::kBlocks) {
      if (row < Rows(kQ)) return {kQ, row};
      if (row < Rows(kQ) + Rows(kK)) return {kK, row - Rows(kQ)};
      return {kV, row - Rows(kQ) - Rows(kK)};
    }
    const int64_t size = (group_ + 1) * dim_ + value_, group = row / size, rest = row % size;
    if (rest < group_ * dim_) return {kQ, group * group_ * dim_ + rest};
    if (rest < (group_ + 1) * dim_) return {kK, group * dim_ + rest - group_ * dim_};
    return {kV, group * value_ + rest - (group_ + 1) * dim_};
  }

 private:
  nn::QkvLayout layout_;
  int64_t kv_, group_, dim_, value_;
};

// Where the source has what stands in a row of the target; a value, so that it outlives the
// planning. Immutable, so thread-safe.
class QkvMap {
 public:
  QkvMap(const Side& from, const Side& to)
      : from_(from.config, from.names.qkv_layout),
        to_(from.config, to.names.qkv_layout),
        from_layout_(from.names.qkv_layout),
        from_turns_(from.config.rope.interleaved),
        to_turns_(to.config.rope.interleaved),
        head_dim_(from.config.head_dim),
        half_(from.config.rope.dim / 2) {}

  bool moves() const { return from_turns_ != to_turns_; }
  const QkvRows& from() const { return from_; }
  const QkvRows& to() const { return to_; }

  RowPlace OfPart(QkvRows::Part part, int64_t row) const {
    row = Reordered(part, row);
    if (from_layout_ == nn::QkvLayout::kSeparate) return {part, row};
    return {0, from_.Place(part, row)};
  }
  RowPlace OfFused(int64_t row) const {
    const auto [part, part_row] = to_.Find(row);
    return OfPart(part, part_row);
  }

 private:
  // Within queries or keys: one side turns (2i, 2i+1), the other (i, i + dim/2).
  int64_t Reordered(QkvRows::Part part, int64_t row) const {
    if (part == QkvRows::kV || !moves()) return row;
    const int64_t head = row / head_dim_ * head_dim_, i = row - head;
    if (i >= 2 * half_) return row;
    return head + (to_turns_ ? i / 2 + i % 2 * half_ : i % half_ * 2 + i / half_);
  }

  QkvRows from_, to_;
  nn::QkvLayout from_layout_;
  bool from_turns_, to_turns_;
  int64_t head_dim_, half_;
};

}  // namespace pano::convert
