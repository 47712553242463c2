#include "model/nn/decoder_weights.h"

#include <algorithm>

#include "base/check.h"
#include "base/strings.h"

namespace pano::nn {
namespace {

// Binds one layer: patterns become names.
class LayerBinder {
 public:
  LayerBinder(WeightBinder& bind, const ModelConfig& config, const WeightNames& names,
              int64_t layer)
      : bind_(bind), c_(config), names_(names), layer_(layer) {}

  LayerWeights Bind() {
    LayerWeights out;
    BindNorms(out);
    if (c_.latent) {
      BindLatent(out);
    } else {
      BindAttention(out);
    }
    if (c_.cross_attention) BindCross(out);
    if (c_.layers[static_cast<size_t>(layer_)].experts) {
      BindExperts(out.experts);
    } else {
      BindFeedForward(out);
    }
    return out;
  }

 private:
  std::string Name(const char* pattern) const {
    PANO_CHECK(pattern != nullptr);
    std::string name;
    for (std::string_view one : Split(pattern, '|')) {
      name = PutNumber(std::string(one), "{}", layer_);
      if (bind_.Has(name + ".weight")) break;
    }
    return name;
  }
  Linear Layer(const char* pattern, int64_t out, int64_t in, bool bias) {
    return bind_.LinearLayer(Name(pattern), out, in, bias);
  }
  NormWeights Norm(const char* pattern, int64_t size) {
    return bind_.Norm(Name(pattern), size, c_.norm_bias, c_.norm_offset);
  }

  void BindNorms(LayerWeights& out) {
    const bool before =
        c_.norm_placement == NormPlacement::kBefore || c_.norm_placement == NormPlacement::kAround;
    if (before) {
      const bool has = names_.attention_norm && (layer_ > 0 || c_.first_norm);
      if (has) out.attention_norm = Norm(names_.attention_norm, c_.hidden_size);
      if (!c_.shared_norm) out.ffn_norm = Norm(names_.ffn_norm, c_.hidden_size);
    }
    if (c_.norm_placement != NormPlacement::kBefore) {
      out.attention_post_norm = Norm(names_.attention_post_norm, c_.hidden_size);
      out.ffn_post_norm = Norm(names_.ffn_post_norm, c_.hidden_size);
    }
  }

  void BindAttention(LayerWeights& out) {
    const int64_t q = c_.head_count * c_.head_dim, k = c_.kv_head_count * c_.head_dim,
                  v = c_.kv_head_count * c_.value_size();
    if (names_.qkv_layout == QkvLayout::kSeparate) {
      out.q = Layer(names_.q, q, c_.hidden_size, c_.qkv_bias);
      out.k = Layer(names_.k, k, c_.hidden_size, c_.qkv_bias);
      out.v = Layer(names_.v, v, c_.hidden_size, c_.qkv_bias);
    } else {
      Linear fused = Layer(names_.qkv, q + k + v, c_.hidden_size, c_.qkv_bias);
      if (names_.qkv_layout == QkvLayout::kGroups) fused = Ungroup(fused);
      out.q = bind_.RowSlice(fused, 0, q);
      out.k = bind_.RowSlice(fused, q, k);
      out.v = bind_.RowSlice(fused, q + k, v);
    }
    out.o = Layer(names_.o, c_.hidden_size, c_.head_count * c_.value_size(), c_.output_bias);
    BindQkNorms(out);
  }

  void BindCross(LayerWeights& out) {
    const int64_t k = c_.kv_head_count * c_.head_dim, v = c_.kv_head_count * c_.value_size();
    out.cross_norm = Norm(names_.cross_norm, c_.hidden_size);
    out.cross_q = Layer(names_.cross_q, c_.head_count * c_.head_dim, c_.hidden_size, c_.qkv_bias);
    out.cross_k = Layer(names_.cross_k, k, c_.hidden_size, c_.qkv_bias);
    out.cross_v = Layer(names_.cross_v, v, c_.hidden_size, c_.qkv_bias);
    out.cross_o =
        Layer(names_.cross_o, c_.hidden_size, c_.head_count * c_.value_size(), c_.output_bias);
  }

  // From one group after another to all queries, all keys, all values.
  Linear Ungroup(const Linear& fused) {
    const int64_t heads = c_.head_count / c_.kv_head_count, dim = c_.head_dim,
                  value = c_.value_size(), group = (heads + 1) * dim + value;
    std::vector<int64_t> order;
    auto add = [&](int64_t from, int64_t count) {
      for (int64_t g = 0; g < c_.kv_head_count; ++g) {
        for (int64_t i = 0; i < count; ++i) order.push_back(g * group + from + i);
      }
    };
    add(0, heads * dim);
    add(heads * dim, dim);
    add((heads + 1) * dim, value);
    return bind_.GatherRows(fused, order);
  }

  void BindQkNorms(LayerWeights& out) {
    if (c_.qk_norm == QkNorm::kNone) return;
    auto norm = [&](const char* pattern, int64_t heads) {
      const std::string name = Name(pattern);
      const int64_t size = c_.qk_norm == QkNorm::kHead ? c_.head_dim : heads * c_.head_dim;
      if (c_.qk_norm == QkNorm::kHeads) return HeadNorms(name, heads);
      return bind_.Norm(name, size, c_.qk_norm_bias, c_.norm_offset);
    };
    out.q_norm = norm(names_.q_norm, c_.head_count);
    out.k_norm = norm(names_.k_norm, c_.kv_head_count);
  }

  // One norm a head: a matrix [heads, head_dim], or a vector for each head under ".norms.".
  NormWeights HeadNorms(const std::string& name, int64_t heads) {
    NormWeights norm;
    if (bind_.Has(StrCat(name, ".norms.0.weight"))) {
      for (int64_t h = 0; h < heads; ++h) {
        NormWeights one =
            bind_.Norm(StrCat(name, ".norms.", h), c_.head_dim, false, c_.norm_offset);
        norm.weight.insert(norm.weight.end(), one.weight.begin(), one.weight.end());
      }
      return norm;
    }
    norm.weight = bind_.Rows(name, heads, c_.head_dim);
    for (float& w : norm.weight) w += c_.norm_offset;
    return norm;
  }

  void BindLatent(LayerWeights& out) {
    const LatentConfig& l = *c_.latent;
    LatentWeights& w = out.latent;
    const int64_t q_size = c_.head_count * (l.nope_dim + l.rope_dim);
    if (l.q_rank > 0) {
      w.q_a = Layer(names_.q_a, l.q_rank, c_.hidden_size, c_.qkv_bias);
      w.q_a_norm = Norm(names_.q_a_norm, l.q_rank);
      w.q_b = Layer(names_.q_b, q_size, l.q_rank, false);
    } else {
      w.q = Layer(names_.q, q_size, c_.hidden_size, false);
    }
    w.kv_a = Layer(names_.kv_a, l.kv_rank + l.rope_dim, c_.hidden_size, c_.qkv_bias);
    w.kv_a_norm = Norm(names_.kv_a_norm, l.kv_rank);
    const int64_t value = c_.value_size(), each = l.nope_dim + value;
    const Linear kv_b = Layer(names_.kv_b, c_.head_count * each, l.kv_rank, false);
    for (int64_t h = 0; h < c_.head_count; ++h) {
      w.key_up.push_back(bind_.TransposedCopy(bind_.RowSlice(kv_b, h * each, l.nope_dim)));
      w.value_up.push_back(bind_.RowSlice(kv_b, h * each + l.nope_dim, value));
    }
    out.o = Layer(names_.o, c_.hidden_size, c_.head_count * value, c_.output_bias);
  }

  void BindFeedForward(LayerWeights& out) {
    const int64_t size = c_.ffn_size;
    if (c_.gated && names_.gate_up) {
      const Linear fused = Layer(names_.gate_up, 2 * size, c_.hidden_size, c_.mlp_bias);
      out.gate = bind_.RowSlice(fused, 0, size);
      out.up = bind_.RowSlice(fused, size, size);
    } else {
      if (c_.gated) out.gate = Layer(names_.gate, size, c_.hidden_size, c_.mlp_bias);
      out.up = Layer(names_.up, size, c_.hidden_size, c_.mlp_bias);
    }
    out.down = Layer(names_.down, c_.hidden_size, size, c_.mlp_bias);
  }

  std::vector<Linear> Experts(const char* pattern, int64_t out, int64_t in) {
    const std::string name = Name(pattern);
    if (name.find("{e}") == std::string::npos) {
      return bind_.StackedLayers(name, c_.experts.count, out, in);
    }
    std::vector<Linear> experts;
    for (int64_t e = 0; e < c_.experts.count && bind_.status().ok(); ++e) {
      experts.push_back(bind_.LinearLayer(PutNumber(name, "{e}", e), out, in, false));
    }
    return experts;
  }

  void BindExperts(ExpertWeights& out) {
    const ExpertConfig& e = c_.experts;
    out.router = Layer(names_.router, e.count, c_.hidden_size, false);
    bind_.Unmark(Name(names_.router));  // small, and decides: it stays exact
    out.gate = Experts(names_.expert_gate, e.size, c_.hidden_size);
    out.up = Experts(names_.expert_up, e.size, c_.hidden_size);
    out.down = Experts(names_.expert_down, c_.hidden_size, e.size);
    if (e.shared_size == 0) return;
    out.shared_gate = Layer(names_.shared_gate, e.shared_size, c_.hidden_size, false);
    out.shared_up = Layer(names_.shared_up, e.shared_size, c_.hidden_size, false);
    out.shared_down = Layer(names_.shared_down, c_.hidden_size, e.shared_size, false);
    if (e.shared_gate) out.shared_router = Layer(names_.shared_router, 1, c_.hidden_size, false);
  }

  WeightBinder& bind_;
  const ModelConfig& c_;
  const WeightNames& names_;
  const int64_t layer_;
};

Status ReadRopeFactors(WeightBinder& bind, const WeightNames& names, const std::string& path,
                       RopeConfig& rope, std::vector<float>& factors) {
  auto read = [&](const char* name) {
    std::vector<float> out;
    if (name && bind.Has(StrCat(name, ".weight")))
      out = bind.Vector(StrCat(name, ".weight"), rope.pairs());
    for (float factor : out) {
      if (!(factor > 0)) {
        bind.Fail(Corruption(
            StrCat(path, ": tensor ", name, ".weight has a factor that is not positive")));
      }
    }
    return out;
  };
  factors = read(names.rope_factors);
  std::vector<float> longs = read(names.rope_long_factors), shorts = read(names.rope_short_factors);
  if (!longs.empty() && !shorts.empty()) {
    rope.scaling = RopeConfig::Scaling::kLongRope;
    rope.long_factors.assign(longs.begin(), longs.end());
    rope.short_factors.assign(shorts.begin(), shorts.end());
  }
  if (rope.scaling == RopeConfig::Scaling::kLongRope &&
      (rope.long_factors.empty() || rope.short_factors.empty())) {
    bind.Fail(Corruption(StrCat(path, ": longrope has no factors")));
  }
  return bind.status();
}

}  // namespace

Result<DecoderWeights> BindLayers(WeightBinder& bind, const ModelConfig& c,
                                  const WeightNames& names) {
  DecoderWeights w;
  if (names.embedding) w.embedding = bind.Matrix(names.embedding, c.vocab_size, c.hidden_size);
  if (c.learned_positions > 0) {
    w.positions = bind.Matrix(names.positions, c.learned_positions, c.hidden_size);
  }
  if (c.token_types > 0)
    w.token_types = bind.Matrix(names.token_types, c.token_types, c.hidden_size);
  if (c.embedding_norm) {
    w.embedding_norm = bind.Norm(names.embedding_norm, c.hidden_size, c.norm_bias, c.norm_offset);
  }
  if (c.relative_buckets > 0) {
    w.relative_bias = bind.Rows(names.relative_bias, c.relative_buckets, c.head_count);
  }
  for (int64_t i = 0; i < c.layer_count && bind.status().ok(); ++i) {
    w.layers.push_back(LayerBinder(bind, c, names, i).Bind());
  }
  if (c.final_norm) {
    w.final_norm = bind.Norm(names.final_norm, c.hidden_size, c.norm_bias, c.norm_offset);
  }
  PANO_RETURN_IF_ERROR(bind.status());
  return w;
}

Status CheckAllUsed(const WeightBinder& bind, const std::string& path,
                    std::string_view architecture, std::span<const std::string> ignorable) {
  for (const std::string& name : bind.Unused()) {
    const bool known = std::ranges::any_of(
        ignorable, [&](const std::string& start) { return name.starts_with(start); });
    if (known || IsBuffer(name)) continue;
    return Unimplemented(StrCat(path, ": tensor ", Printable(name), " belongs to nothing that ",
                                "architecture '", architecture, "' is known to have"));
  }
  return {};
}

Result<DecoderWeights> BindWeights(const format::ModelFiles& files, FamilyConfig& family) {
  ModelConfig& c = family.config;
  const WeightNames& names = family.names;
  WeightBinder bind(files, names.optional_prefix, names.transposed);
  PANO_ASSIGN_OR_RETURN(DecoderWeights w, BindLayers(bind, c, names));
  bind.Mark(c.tied_embeddings ? names.embedding : names.head);
  w.head.weight =
      c.tied_embeddings ? w.embedding : bind.Matrix(names.head, c.vocab_size, c.hidden_size);
  if (c.head_bias) w.head.bias = bind.Vector(StrCat(names.head, ".bias"), c.vocab_size);
  if (c.head_transform) {
    w.head_dense =
        bind.LinearLayer(names.head_dense, c.hidden_size, c.hidden_size, c.head_transform_bias);
    w.head_norm = bind.Norm(names.head_norm, c.hidden_size, c.norm_bias, c.norm_offset);
  }
  PANO_RETURN_IF_ERROR(ReadRopeFactors(bind, names, files.path, c.rope, w.rope_factors));
  PANO_RETURN_IF_ERROR(bind.status());
  std::vector<std::string> ignorable;
  if (c.tied_embeddings) ignorable.push_back(StrCat(names.head, ".weight"));
  PANO_RETURN_IF_ERROR(CheckAllUsed(bind, files.path, c.architecture, ignorable));
  w.files = files.weights;
  w.owned = bind.TakeOwned();
  w.linear_tensors.assign(bind.linear_tensors().begin(), bind.linear_tensors().end());
  return w;
}

}  // namespace pano::nn
