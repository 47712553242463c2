#pragma once

#include <ATen/core/Tensor.h>

#include <functional>

namespace pano::train {

// What is added to the scores of attention, and where they count.
struct ScoreBias {
  // [1 or batch * kv_heads, group * length, length]: the query heads of a key head one after
  // another; 0 or a bias where a query may look, -1e30 or less elsewhere.
  at::Tensor values;
  // [the same, group * length, 2], int32: the keys from the first to behind the last that a query
  // looks at, of one that sees none all that are above minus infinity.
  at::Tensor range;

  ScoreBias() = default;
  explicit ScoreBias(at::Tensor bias);
};

// What is done to operands and results of products: how 16 bits hold them. Empty: nothing.
using Rounding = std::function<at::Tensor(const at::Tensor&)>;

// Attention of heads in groups that share keys and values: queries [batch, length, heads, size],
// keys [batch, length, kv_heads, size], values [batch, length, kv_heads, value_size] ->
// [batch, length, heads * value_size]. softmax(scale q k + bias) v; with a `softcap` above 0 scores
// are softcap tanh(scale q k / softcap) before the bias. float32 goes in blocks of queries that
// read no key outside of their range and keep no score for the backward pass, which computes them
// again (Dao et al., "FlashAttention", 2022).
at::Tensor Attend(const at::Tensor& queries, const at::Tensor& keys, const at::Tensor& values,
                  const ScoreBias& bias, double scale, double softcap,
                  const Rounding& round = {});

}  // namespace pano::train
