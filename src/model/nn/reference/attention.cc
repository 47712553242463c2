#include "model/nn/reference/attention.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/check.h"
#include "model/nn/reference/positions.h"

namespace pano::reference {
namespace {

using nn::LayerConfig;
using nn::ModelConfig;

size_t Size(int64_t n) { return static_cast<size_t>(n); }

// Queries, keys and values of every token, head after head.
struct Heads {
  Matrix q, k, v;  // [tokens, heads * dim], [.., kv heads * dim], [.., kv heads * value]
};

double ScoreScale(const ModelConfig& c, size_t layer) {
  const double scale =
      c.attention_scale > 0 ? c.attention_scale : 1.0 / std::sqrt(static_cast<double>(c.head_dim));
  return c.scale_by_layer ? scale / static_cast<double>(layer + 1) : scale;
}

bool Sees(const ModelConfig& c, size_t layer, const Sequence& sequence, size_t query, size_t key) {
  if (!sequence.seen.empty() && !sequence.seen[key]) return false;
  const int64_t distance = sequence.positions[query] - sequence.positions[key];
  const int64_t window = c.layers[layer].window;
  if (c.causal) return distance >= 0 && (window == 0 || distance < window);
  return window == 0 || std::abs(distance) <= window / 2;
}

void NormHeads(const ModelConfig& c, const std::vector<Norm>& norms, Matrix& heads) {
  const size_t width = c.qk_norm == nn::QkNorm::kRow ? heads.cols : Size(c.head_dim);
  for (size_t r = 0; r < heads.rows; ++r) {
    for (size_t part = 0; part * width < heads.cols; ++part) {
      ApplyNorm(c.norm, norms.size() == 1 ? norms[0] : norms[part], c.norm_offset, c.norm_epsilon,
                heads.row(r).subspan(part * width, width));
    }
  }
}

// Turns the components [from, from + rotary) of every `width` wide head.
void RotateHeads(const ModelConfig& c, const ModelTensors& tensors, size_t layer,
                 const Sequence& sequence, size_t width, size_t from, Matrix& heads) {
  const LayerConfig::Rope kind = c.layers[layer].rope;
  if (kind == LayerConfig::Rope::kNone) return;
  const bool local = kind == LayerConfig::Rope::kLocal;
  const nn::RopeConfig& rope = local ? c.local_rope : c.rope;
  const Vector frequencies =
      RopeFrequencies(rope, local ? Vector() : tensors.rope_divisors, sequence.length);
  for (size_t r = 0; r < heads.rows; ++r) {
    for (size_t at = from; at < heads.cols; at += width) {
      Rotate(rope, frequencies, sequence.positions[r], heads.row(r).subspan(at, width - from));
    }
  }
}

Heads PlainHeads(const ModelConfig& c, const ModelTensors& tensors, size_t layer,
                 const Sequence& sequence, const Matrix& x) {
  const LayerTensors& w = tensors.layers[layer];
  Heads out{Apply(w.q, x), Apply(w.k, x), Apply(w.v, x)};
  if (c.qk_norm != nn::QkNorm::kNone) {
    NormHeads(c, w.q_norm, out.q);
    NormHeads(c, w.k_norm, out.k);
  }
  RotateHeads(c, tensors, layer, sequence, Size(c.head_dim), 0, out.q);
  RotateHeads(c, tensors, layer, sequence, Size(c.head_dim), 0, out.k);
  return out;
}

// DeepSeek-V2, equations 9 to 19: a head's query and key are [what does not turn, what does]; the
// latter part of the key is the same in all heads.
Heads LatentHeads(const ModelConfig& c, const ModelTensors& tensors, size_t layer,
                  const Sequence& sequence, const Matrix& x) {
  const nn::LatentConfig& l = *c.latent;
  const LatentTensors& w = tensors.layers[layer].latent;
  const size_t heads = Size(c.head_count), nope = Size(l.nope_dim), turned = Size(l.rope_dim),
               rank = Size(l.kv_rank), value = Size(c.value_size()), width = nope + turned;
  auto norm = [&](const Norm& by, std::span<double> row) {
    ApplyNorm(c.norm, by, c.norm_offset, l.norm_epsilon, row);
  };
  Heads out{{}, Matrix(x.rows, heads * width), Matrix(x.rows, heads * value)};
  if (l.q_rank > 0) {
    Matrix compressed = Apply(w.q_a, x);
    for (size_t r = 0; r < x.rows; ++r) norm(w.q_a_norm, compressed.row(r));
    out.q = Apply(w.q_b, compressed);
  } else {
    out.q = Apply(w.q, x);
  }
  RotateHeads(c, tensors, layer, sequence, width, nope, out.q);

  Matrix compressed = Apply(w.kv_a, x);
  RotateHeads(c, tensors, layer, sequence, rank + turned, rank, compressed);
  for (size_t r = 0; r < x.rows; ++r) {
    const std::span<double> latent = compressed.row(r).first(rank);
    norm(w.kv_a_norm, latent);
    const Vector both = Apply(w.kv_b, latent);
    for (size_t h = 0; h < heads; ++h) {
      const double* from = &both[h * (nope + value)];
      std::copy_n(from, nope, &out.k.row(r)[h * width]);
      std::copy_n(&compressed.row(r)[rank], turned, &out.k.row(r)[h * width + nope]);
      std::copy_n(from + nope, value, &out.v.row(r)[h * value]);
    }
  }
  return out;
}

using BiasFn = std::function<double(size_t head, size_t query, size_t key)>;
using SeesFn = std::function<bool(size_t query, size_t key)>;

// [tokens, heads * value]. Queries of `heads / kv_heads` neighbouring heads share a key head.
Matrix Attend(const Heads& in, size_t heads, size_t kv_heads, double scale, double cap,
              const BiasFn& bias, const SeesFn& sees) {
  const size_t dim = in.q.cols / heads, value = in.v.cols / kv_heads;
  Matrix out(in.q.rows, heads * value);
  for (size_t h = 0; h < heads; ++h) {
    const size_t kv = h / (heads / kv_heads);
    for (size_t query = 0; query < in.q.rows; ++query) {
      std::vector<size_t> keys;
      Vector scores;
      for (size_t key = 0; key < in.k.rows; ++key) {
        if (!sees(query, key)) continue;
        double dot = 0;
        for (size_t d = 0; d < dim; ++d)
          dot += in.q.at(query, h * dim + d) * in.k.at(key, kv * dim + d);
        keys.push_back(key);
        scores.push_back(SoftCap(scale * dot, cap) + bias(h, query, key));
      }
      if (keys.empty()) continue;  // a token that sees nothing is nobody's business
      Softmax(scores);
      for (size_t i = 0; i < keys.size(); ++i) {
        for (size_t d = 0; d < value; ++d) {
          out.row(query)[h * value + d] += scores[i] * in.v.at(keys[i], kv * value + d);
        }
      }
    }
  }
  return out;
}

}  // namespace

Matrix SelfAttention(const ModelConfig& c, const ModelTensors& tensors, size_t layer,
                     const Sequence& sequence, const Matrix& x) {
  const size_t heads = Size(c.head_count);
  const Vector slopes = c.alibi ? AlibiSlopes(heads) : Vector();
  auto bias = [&](size_t h, size_t query, size_t key) {
    double sum = 0;
    if (c.alibi) sum += AlibiBias(slopes[h], sequence.positions[key], c.head_dim);
    if (c.relative_buckets > 0) {
      const int64_t bucket = RelativeBucket(sequence.positions[key] - sequence.positions[query],
                                            c.relative_buckets, c.relative_distance, c.causal);
      sum += tensors.relative_bias.at(Size(bucket), h);
    }
    return sum;
  };
  auto sees = [&](size_t query, size_t key) { return Sees(c, layer, sequence, query, key); };
  const Heads in = c.latent ? LatentHeads(c, tensors, layer, sequence, x)
                            : PlainHeads(c, tensors, layer, sequence, x);
  const size_t kv_heads = c.latent ? heads : Size(c.kv_heads(layer));
  return Apply(tensors.layers[layer].o,
               Attend(in, heads, kv_heads, ScoreScale(c, layer), c.attention_softcap, bias, sees));
}

Matrix CrossAttention(const ModelConfig& c, const ModelTensors& tensors, size_t layer,
                      const Sequence& sequence, const Matrix& x) {
  PANO_CHECK(sequence.memory != nullptr);
  const LayerTensors& w = tensors.layers[layer];
  const Heads in{Apply(w.cross_q, x), Apply(w.cross_k, *sequence.memory),
                 Apply(w.cross_v, *sequence.memory)};
  auto no_bias = [](size_t, size_t, size_t) { return 0.0; };
  auto all = [](size_t, size_t) { return true; };
  return Apply(w.cross_o, Attend(in, Size(c.head_count), Size(c.kv_head_count),
                                 ScoreScale(c, layer), /*cap=*/0, no_bias, all));
}

}  // namespace pano::reference
