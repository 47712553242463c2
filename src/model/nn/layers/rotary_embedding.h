#pragma once

#include "model/nn/pass_rows.h"
#include "model/nn/rope_table.h"
#include "model/ops/ops.h"

namespace pano::nn {

// cos and sin for each row of a pass; empty where nothing is rotated. Borrowed.
struct RotaryAngles {
  ops::ConstRows cos, sin;  // [rows, pairs]
  bool interleaved = false;

  // Rotates the leading components of `heads` vectors in every row of x, which begin `head_stride`
  // floats apart.
  void Apply(ops::OpContext& ops, size_t heads, size_t head_stride, ops::Rows x) const;
};

// One rotary configuration (Su et al., "RoFormer", 2021) for the rows of passes. Immutable.
class RotaryEmbedding {
 public:
  RotaryEmbedding(const RopeConfig& config, std::span<const float> factors)
      : table_(config, factors) {}

  // Memory is of `scope`, as long as that is.
  RotaryAngles Angles(ops::OpContext& ops, ops::Workspace::Scope& scope,
                      const PassRows& rows) const;
  int64_t Variant(int64_t planned_length) const { return table_.Variant(planned_length); }

 private:
  const RopeTable table_;
};

}  // namespace pano::nn
