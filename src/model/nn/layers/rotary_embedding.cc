#include "model/nn/layers/rotary_embedding.h"

namespace pano::nn {

void RotaryAngles::Apply(ops::OpContext& ops, size_t heads, size_t head_stride,
                         ops::Rows x) const {
  if (cos.width > 0) ops::Rotary(ops, cos, sin, interleaved, heads, head_stride, x);
}

RotaryAngles RotaryEmbedding::Angles(ops::OpContext& ops, ops::Workspace::Scope& scope,
                                     const PassRows& rows) const {
  const size_t pairs = table_.pairs();
  if (pairs == 0) return {};
  const ops::Rows cos = scope.Take(rows.size(), pairs), sin = scope.Take(rows.size(), pairs);
  size_t row = 0;
  for (const RowSpan& span : rows.spans()) {
    const int64_t end = span.position + static_cast<int64_t>(span.count);
    const std::vector<double> frequencies =
        table_.Frequencies(span.planned_length > 0 ? span.planned_length : end);
    ops::RotaryAngles(ops, frequencies, rows.position_ids().subspan(row, span.count),
                      table_.attention_factor(), cos.Slice(row, span.count),
                      sin.Slice(row, span.count));
    row += span.count;
  }
  return {cos, sin, table_.interleaved()};
}

}  // namespace pano::nn
