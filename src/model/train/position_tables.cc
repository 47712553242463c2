#include "model/train/position_tables.h"

#include <cmath>
#include <vector>

#include "model/nn/layers/alibi.h"
#include "model/nn/rope_table.h"
#include "model/train/ops/rotation.h"
#include "model/train/ops/torch_ops.h"

namespace pano::train {
namespace {

// Added to the scores of keys that nobody sees: large enough to vanish in the softmax, and finite,
// so that a row which sees no other key is no NaN.
constexpr double kUnseen = -1e30;

// [heads, length]
at::Tensor AlibiTensor(const nn::ModelConfig& c, int64_t length) {
  const auto heads = static_cast<size_t>(c.head_count);
  std::vector<float> bias =
      nn::AlibiBias(0, heads, heads, static_cast<size_t>(length), c.head_dim);
  return at::from_blob(bias.data(), {c.head_count, length}, at::kFloat).clone();
}

// [length, length]: 0 where the query (row) may see the key, minus infinity elsewhere.
at::Tensor Visible(const nn::ModelConfig& c, int64_t window, int64_t length, at::ScalarType type) {
  const at::Tensor square = at::full({length, length}, -INFINITY, at::TensorOptions().dtype(type));
  if (c.causal) return window > 0 ? square.triu(1) + square.tril(-window) : square.triu(1);
  if (window == 0) return at::zeros_like(square);
  return square.triu(window / 2 + 1) + square.tril(-(window / 2) - 1);
}

// [batch, 1, length or 1, length]: what is added to the scores of tokens that are padding or of
// another text; undefined: nothing.
at::Tensor Unseen(const at::Tensor& keep, const at::Tensor& positions, at::ScalarType type) {
  at::Tensor hidden;
  if (keep.defined()) hidden = keep.logical_not().unsqueeze(1);
  if (positions.defined()) {
    const int64_t length = positions.size(1);
    const at::Tensor goes_on = positions.narrow(1, 1, length - 1)
                                   .eq(positions.narrow(1, 0, length - 1) + 1)
                                   .logical_not()
                                   .to(at::kLong);
    const at::Tensor text = at::constant_pad_nd(goes_on.cumsum(1), {1, 0}, 0);
    const at::Tensor other = text.unsqueeze(2).ne(text.unsqueeze(1));
    hidden = hidden.defined() ? hidden.logical_or(other) : other;
  }
  return hidden.defined() ? hidden.to(type).mul(kUnseen).unsqueeze(1) : hidden;
}

}  // namespace

PositionTables::Rotation PositionTables::MakeRotation(const nn::RopeConfig& rope, int64_t length,
                                                      at::ScalarType type,
                                                      const at::Tensor& positions) {
  Rotation out;
  out.interleaved = rope.interleaved;
  if (rope.dim == 0) return out;
  const int64_t reach = positions.defined() ? positions.max().item<int64_t>() + 1 : length;
  const std::vector<double> frequencies = nn::RopeTable(rope, {}).Frequencies(reach);
  const at::Tensor per_pair = at::tensor(frequencies, at::kDouble);
  const at::Tensor at = positions.defined() ? positions.to(at::kDouble) : at::arange(length, at::kDouble);
  at::Tensor angle = at.unsqueeze(-1) * per_pair;
  angle = rope.interleaved ? angle.repeat_interleave(2, -1) : at::cat({angle, angle}, -1);
  angle = angle.unsqueeze(-2);
  out.cos = angle.cos();
  out.sin = angle.sin();
  if (rope.attention_factor != 1.0) {
    out.cos = out.cos * rope.attention_factor;
    out.sin = out.sin * rope.attention_factor;
  }
  out.cos = out.cos.to(type);
  out.sin = out.sin.to(type);
  return out;
}

PositionTables::PositionTables(const nn::ModelConfig& c, int64_t batch, int64_t length,
                               at::ScalarType type, const at::Tensor& keep,
                               const at::Tensor& positions)
    : global_(MakeRotation(c.rope, length, type, positions)),
      local_(MakeRotation(c.local_rope, length, type, positions)) {
  const int64_t kv = c.kv_head_count, group = c.head_count / kv;
  const at::Tensor unseen = Unseen(keep, positions, type);
  at::Tensor alibi;
  if (c.alibi) alibi = AlibiTensor(c, length).to(type).view({kv, group, 1, length});
  for (const nn::LayerConfig& layer : c.layers) {
    if (biases_.contains(layer.window)) continue;
    const at::Tensor visible = Visible(c, layer.window, length, type);
    at::Tensor bias = visible.repeat({group, 1}).unsqueeze(0);
    if (c.alibi) bias = (alibi + visible).reshape({kv, group * length, length});
    if (unseen.defined()) {
      const bool square = unseen.size(2) == length && length > 1;
      bias = (bias.unsqueeze(0) + (square ? unseen.repeat({1, 1, group, 1}) : unseen))
                 .expand({batch, kv, group * length, length})
                 .reshape({batch * kv, group * length, length});
    } else if (c.alibi) {
      bias = bias.repeat({batch, 1, 1});
    }
    biases_[layer.window] = ScoreBias(bias);
  }
}

at::Tensor PositionTables::Rotate(const at::Tensor& x, nn::LayerConfig::Rope kind) const {
  const Rotation& rotation = kind == nn::LayerConfig::Rope::kLocal ? local_ : global_;
  if (kind == nn::LayerConfig::Rope::kNone || !rotation.cos.defined()) return x;
  return train::Rotate(x, rotation.cos, rotation.sin, rotation.interleaved);
}

}  // namespace pano::train
