#include "model/nn/reference/weights.h"

#include <algorithm>

#include "base/check.h"
#include "base/strings.h"

namespace pano::reference {
namespace {

using Use = TensorSource::Use;

// "{}" and "{e}" replaced.
std::string Fill(std::string name, std::string_view mark, int64_t number) {
  const size_t at = name.find(mark);
  if (at != std::string::npos) name.replace(at, mark.size(), std::to_string(number));
  return name;
}

Linear SomeRows(const Linear& from, const std::vector<size_t>& rows) {
  Linear out{Matrix(rows.size(), from.weight.cols), {}};
  for (size_t r = 0; r < rows.size(); ++r) {
    std::ranges::copy(from.weight.row(rows[r]), out.weight.row(r).begin());
    if (!from.bias.empty()) out.bias.push_back(from.bias[rows[r]]);
  }
  return out;
}

std::vector<size_t> Range(int64_t first, int64_t count) {
  std::vector<size_t> rows;
  for (int64_t i = 0; i < count; ++i) rows.push_back(static_cast<size_t>(first + i));
  return rows;
}

// One layer of a stack.
class LayerReader {
 public:
  LayerReader(TensorReader& reader, const nn::ModelConfig& config, const nn::WeightNames& names,
              int64_t layer)
      : reader_(reader), c_(config), names_(names), layer_(layer) {}

  LayerTensors Read() {
    LayerTensors out;
    ReadNorms(out);
    if (c_.latent) {
      ReadLatent(out);
    } else {
      ReadAttention(out);
    }
    if (c_.cross_attention) ReadCross(out);
    if (c_.layers[static_cast<size_t>(layer_)].experts) {
      ReadExperts(out.experts);
    } else {
      ReadFeedForward(out);
    }
    return out;
  }

 private:
  std::string Name(const char* pattern) {
    PANO_CHECK(pattern != nullptr);
    std::string first;
    for (std::string_view one : Split(pattern, '|')) {
      std::string name = Fill(std::string(one), "{}", layer_);
      if (reader_.Has(name + ".weight")) return name;
      if (first.empty()) first = name;
    }
    return first;
  }
  Linear Dense(const char* pattern, int64_t out, int64_t in, bool bias) {
    return reader_.Dense(Name(pattern), out, in, bias);
  }
  Norm NormOf(const char* pattern, int64_t size) {
    return reader_.NormOf(Name(pattern), size, c_.norm_bias);
  }

  void ReadNorms(LayerTensors& out) {
    using Placement = nn::NormPlacement;
    const Placement placement = c_.norm_placement;
    if (placement == Placement::kBefore || placement == Placement::kAround) {
      if (names_.attention_norm && (layer_ > 0 || c_.first_norm)) {
        out.attention_norm = NormOf(names_.attention_norm, c_.hidden_size);
      }
      if (!c_.shared_norm) out.ffn_norm = NormOf(names_.ffn_norm, c_.hidden_size);
    }
    if (placement != Placement::kBefore) {
      out.attention_post_norm = NormOf(names_.attention_post_norm, c_.hidden_size);
      out.ffn_post_norm = NormOf(names_.ffn_post_norm, c_.hidden_size);
    }
  }

  void ReadAttention(LayerTensors& out) {
    const int64_t heads = c_.head_count, groups = c_.kv_heads(static_cast<size_t>(layer_)), dim = c_.head_dim,
                  value = c_.value_size();
    const int64_t q = heads * dim, k = groups * dim, v = groups * value;
    if (names_.qkv_layout == nn::QkvLayout::kSeparate) {
      out.q = Dense(names_.q, q, c_.hidden_size, c_.qkv_bias);
      out.k = Dense(names_.k, k, c_.hidden_size, c_.qkv_bias);
      out.v = Dense(names_.v, v, c_.hidden_size, c_.qkv_bias);
    } else {
      const Linear all = Dense(names_.qkv, q + k + v, c_.hidden_size, c_.qkv_bias);
      std::vector<size_t> rows[3] = {Range(0, q), Range(q, k), Range(q + k, v)};
      if (names_.qkv_layout == nn::QkvLayout::kGroups) {
        for (auto& part : rows) part.clear();
        const int64_t sizes[3] = {heads / groups * dim, dim, value};
        int64_t at = 0;
        for (int64_t g = 0; g < groups; ++g) {
          for (int part = 0; part < 3; ++part) {
            for (size_t row : Range(at, sizes[part])) rows[part].push_back(row);
            at += sizes[part];
          }
        }
      }
      out.q = SomeRows(all, rows[0]);
      out.k = SomeRows(all, rows[1]);
      out.v = SomeRows(all, rows[2]);
    }
    out.o = Dense(names_.o, c_.hidden_size, heads * value, c_.output_bias);
    if (c_.qk_norm != nn::QkNorm::kNone) {
      out.q_norm = HeadNorms(names_.q_norm, heads);
      out.k_norm = HeadNorms(names_.k_norm, groups);
    }
  }

  std::vector<Norm> HeadNorms(const char* pattern, int64_t heads) {
    if (c_.qk_norm == nn::QkNorm::kHead) {
      return {reader_.NormOf(Name(pattern), c_.head_dim, c_.qk_norm_bias)};
    }
    if (c_.qk_norm == nn::QkNorm::kRow) {
      return {reader_.NormOf(Name(pattern), heads * c_.head_dim, c_.qk_norm_bias)};
    }
    std::vector<Norm> norms;
    const std::string name = Fill(pattern, "{}", layer_);
    if (reader_.Has(name + ".norms.0.weight")) {
      for (int64_t h = 0; h < heads; ++h) {
        norms.push_back(reader_.NormOf(StrCat(name, ".norms.", h), c_.head_dim, false));
      }
      return norms;
    }
    const Matrix all = reader_.Table(name, heads, c_.head_dim, Use::kNorm);
    for (size_t h = 0; h < all.rows; ++h) {
      norms.push_back({{all.row(h).begin(), all.row(h).end()}, {}});
    }
    return norms;
  }

  void ReadLatent(LayerTensors& out) {
    const nn::LatentConfig& l = *c_.latent;
    const int64_t q = c_.head_count * (l.nope_dim + l.rope_dim);
    if (l.q_rank > 0) {
      out.latent.q_a = Dense(names_.q_a, l.q_rank, c_.hidden_size, c_.qkv_bias);
      out.latent.q_a_norm = NormOf(names_.q_a_norm, l.q_rank);
      out.latent.q_b = Dense(names_.q_b, q, l.q_rank, false);
    } else {
      out.latent.q = Dense(names_.q, q, c_.hidden_size, false);
    }
    out.latent.kv_a = Dense(names_.kv_a, l.kv_rank + l.rope_dim, c_.hidden_size, c_.qkv_bias);
    out.latent.kv_a_norm = NormOf(names_.kv_a_norm, l.kv_rank);
    out.latent.kv_b =
        Dense(names_.kv_b, c_.head_count * (l.nope_dim + c_.value_size()), l.kv_rank, false);
    out.o = Dense(names_.o, c_.hidden_size, c_.head_count * c_.value_size(), c_.output_bias);
  }

  void ReadCross(LayerTensors& out) {
    const int64_t k = c_.kv_head_count * c_.head_dim, v = c_.kv_head_count * c_.value_size();
    out.cross_norm = NormOf(names_.cross_norm, c_.hidden_size);
    out.cross_q = Dense(names_.cross_q, c_.head_count * c_.head_dim, c_.hidden_size, c_.qkv_bias);
    out.cross_k = Dense(names_.cross_k, k, c_.hidden_size, c_.qkv_bias);
    out.cross_v = Dense(names_.cross_v, v, c_.hidden_size, c_.qkv_bias);
    out.cross_o =
        Dense(names_.cross_o, c_.hidden_size, c_.head_count * c_.value_size(), c_.output_bias);
  }

  void ReadFeedForward(LayerTensors& out) {
    const int64_t size = c_.ffn_size;
    if (c_.gated && names_.gate_up) {
      const Linear both = Dense(names_.gate_up, 2 * size, c_.hidden_size, c_.mlp_bias);
      out.gate = SomeRows(both, Range(0, size));
      out.up = SomeRows(both, Range(size, size));
    } else {
      if (c_.gated) out.gate = Dense(names_.gate, size, c_.hidden_size, c_.mlp_bias);
      out.up = Dense(names_.up, size, c_.hidden_size, c_.mlp_bias);
    }
    out.down = Dense(names_.down, c_.hidden_size, size, c_.mlp_bias);
  }

  // One matrix an expert, or [experts, out, in].
  std::vector<Linear> Experts(const char* pattern, int64_t out, int64_t in) {
    std::vector<Linear> experts;
    const std::string name = Name(pattern);
    const auto count = c_.experts.count;
    if (name.find("{e}") != std::string::npos) {
      for (int64_t e = 0; e < count; ++e) {
        experts.push_back(reader_.Dense(Fill(name, "{e}", e), out, in, false));
      }
      return experts;
    }
    const Vector all = reader_.Values(name + ".weight", {count, out, in}, Use::kMatrix);
    for (int64_t e = 0; e < count; ++e) {
      const auto begin = all.begin() + e * out * in;
      experts.push_back({Matrix(static_cast<size_t>(out), static_cast<size_t>(in),
                                Vector(begin, begin + out * in)),
                         {}});
    }
    return experts;
  }

  void ReadExperts(ExpertTensors& out) {
    const nn::ExpertConfig& e = c_.experts;
    const int64_t hidden = c_.hidden_size;
    out.router = Dense(names_.router, e.count, hidden, false);
    out.gate = Experts(names_.expert_gate, e.size, hidden);
    out.up = Experts(names_.expert_up, e.size, hidden);
    out.down = Experts(names_.expert_down, hidden, e.size);
    if (e.shared_size == 0) return;
    out.shared_gate = Dense(names_.shared_gate, e.shared_size, hidden, false);
    out.shared_up = Dense(names_.shared_up, e.shared_size, hidden, false);
    out.shared_down = Dense(names_.shared_down, hidden, e.shared_size, false);
    if (e.shared_gate) out.shared_router = Dense(names_.shared_router, 1, hidden, false);
  }

  TensorReader& reader_;
  const nn::ModelConfig& c_;
  const nn::WeightNames& names_;
  const int64_t layer_;
};

}  // namespace

std::string TensorReader::Located(const std::string& name) {
  if (optional_prefix_.empty() || source_.Has(name)) return name;
  const std::string other = name.starts_with(optional_prefix_)
                                ? name.substr(optional_prefix_.size())
                                : optional_prefix_ + name;
  return source_.Has(other) ? other : name;
}

Matrix TensorReader::Table(const std::string& name, int64_t rows, int64_t cols, Use use) {
  return {static_cast<size_t>(rows), static_cast<size_t>(cols),
          Values(name + ".weight", {rows, cols}, use)};
}

Linear TensorReader::Dense(const std::string& name, int64_t out, int64_t in, bool bias) {
  Linear linear;
  if (transposed_) {
    const Matrix stored = Table(name, in, out, Use::kMatrix);
    linear.weight = Matrix(stored.cols, stored.rows);
    for (size_t r = 0; r < stored.rows; ++r) {
      for (size_t c = 0; c < stored.cols; ++c) linear.weight.row(c)[r] = stored.at(r, c);
    }
  } else {
    linear.weight = Table(name, out, in, Use::kMatrix);
  }
  if (bias) linear.bias = Values(name + ".bias", {out}, Use::kBias);
  return linear;
}

Norm TensorReader::NormOf(const std::string& name, int64_t size, bool bias) {
  Norm norm{Values(name + ".weight", {size}, Use::kNorm), {}};
  if (bias) norm.bias = Values(name + ".bias", {size}, Use::kBias);
  return norm;
}

ModelTensors ReadLayers(TensorReader& reader, const nn::ModelConfig& c,
                        const nn::WeightNames& names) {
  ModelTensors out;
  if (names.embedding) {
    out.embedding = reader.Table(names.embedding, c.vocab_size, c.hidden_size, Use::kEmbedding);
  }
  if (c.learned_positions > 0) {
    out.positions =
        reader.Table(names.positions, c.learned_positions, c.hidden_size, Use::kEmbedding);
  }
  if (c.token_types > 0) {
    out.token_types =
        reader.Table(names.token_types, c.token_types, c.hidden_size, Use::kEmbedding);
  }
  if (c.embedding_norm) {
    out.embedding_norm = reader.NormOf(names.embedding_norm, c.hidden_size, c.norm_bias);
  }
  if (c.relative_buckets > 0) {
    out.relative_bias =
        reader.Table(names.relative_bias, c.relative_buckets, c.head_count, Use::kBias);
  }
  for (int64_t i = 0; i < c.layer_count; ++i) {
    out.layers.push_back(LayerReader(reader, c, names, i).Read());
  }
  if (c.final_norm) out.final_norm = reader.NormOf(names.final_norm, c.hidden_size, c.norm_bias);
  return out;
}

ModelTensors ReadDecoder(TensorSource& source, const nn::ModelConfig& c,
                         const nn::WeightNames& names) {
  TensorReader reader(source, names.optional_prefix, names.transposed);
  ModelTensors out = ReadLayers(reader, c, names);
  out.head.weight = c.tied_embeddings
                        ? out.embedding
                        : reader.Table(names.head, c.vocab_size, c.hidden_size, Use::kMatrix);
  if (c.head_bias) {
    out.head.bias = reader.Values(StrCat(names.head, ".bias"), {c.vocab_size}, Use::kBias);
  }
  if (c.head_transform) {
    out.head_dense =
        reader.Dense(names.head_dense, c.hidden_size, c.hidden_size, c.head_transform_bias);
    out.head_norm = reader.NormOf(names.head_norm, c.hidden_size, c.norm_bias);
  }
  const std::string divisors =
      names.rope_factors ? StrCat(names.rope_factors, ".weight") : std::string();
  if (!divisors.empty() && reader.Has(divisors)) {
    out.rope_divisors = reader.Values(divisors, {c.rope.pairs()}, Use::kDivisor);
  }
  return out;
}

}  // namespace pano::reference
