#include "model/nn/families/gguf_writing.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "model/nn/model_config.h"

namespace pano::nn {
namespace {

void WriteRope(const RopeConfig& rope, GgufFields& out) {
  using Scaling = RopeConfig::Scaling;
  if (rope.dim == 0) return;
  out.Int("rope.dimension_count", rope.dim);
  out.Float("rope.freq_base", rope.theta);
  const char* type = rope.scaling == Scaling::kLinear     ? "linear"
                     : rope.scaling == Scaling::kYarn     ? "yarn"
                     : rope.scaling == Scaling::kLongRope ? "longrope"
                                                          : nullptr;
  if (type == nullptr) return;  // Llama 3's scaling is a tensor, others have no key
  out.entries.push_back({"rope.scaling.type", std::string(type)});
  if (rope.scaling != Scaling::kLongRope) out.Float("rope.scaling.factor", rope.factor);
  if (rope.scaling == Scaling::kLinear) return;
  out.Int("rope.scaling.original_context_length", rope.original_context);
  const double usual = 0.1 * std::log(std::max(rope.factor, 1.0)) + 1.0;
  if (rope.scaling == Scaling::kLongRope || std::abs(rope.attention_factor - usual) > 1e-9) {
    out.Float("rope.scaling.attn_factor", rope.attention_factor);
  }
}

// A number, or a list of numbers where layers differ.
void WriteKvHeads(const ModelConfig& c, GgufFields& out) {
  std::vector<uint32_t> heads;
  for (size_t i = 0; i < c.layers.size(); ++i) {
    heads.push_back(static_cast<uint32_t>(c.kv_heads(i)));
  }
  if (std::ranges::adjacent_find(heads, std::ranges::not_equal_to()) == heads.end()) {
    return out.Int("attention.head_count_kv", c.kv_head_count);
  }
  out.entries.push_back({"attention.head_count_kv", std::move(heads)});
}

}  // namespace

void GgufFields::Int(std::string key, int64_t value) {
  entries.push_back({std::move(key), static_cast<uint32_t>(value)});
}
void GgufFields::Float(std::string key, double value) {
  entries.push_back({std::move(key), static_cast<float>(value)});
}
void GgufFields::Bool(std::string key, bool value) { entries.push_back({std::move(key), value}); }

void WriteGgufFields(const ModelConfig& c, GgufFields& out) {
  out.Int("context_length", c.context_length);
  out.Int("embedding_length", c.hidden_size);
  out.Int("block_count", c.layer_count);
  out.Int("feed_forward_length", c.ffn_size);
  out.Int("attention.head_count", c.head_count);
  WriteKvHeads(c, out);
  if (c.head_dim != c.hidden_size / c.head_count || c.value_size() != c.head_dim) {
    out.Int("attention.key_length", c.head_dim);
    out.Int("attention.value_length", c.value_size());
  }
  out.Float(c.norm == NormKind::kRms ? "attention.layer_norm_rms_epsilon"
                                     : "attention.layer_norm_epsilon",
            static_cast<double>(c.norm_epsilon));
  WriteRope(c.rope, out);
  int64_t window = 0;
  for (const LayerConfig& layer : c.layers) window = std::max(window, layer.window);
  if (window > 0) out.Int("attention.sliding_window", window);
  if (c.attention_softcap > 0) {
    out.Float("attn_logit_softcapping", static_cast<double>(c.attention_softcap));
  }
  if (c.final_softcap > 0) {
    out.Float("final_logit_softcapping", static_cast<double>(c.final_softcap));
  }
  if (c.experts.count > 0) {
    out.Int("expert_count", c.experts.count);
    out.Int("expert_used_count", c.experts.used);
    out.Int("expert_feed_forward_length", c.experts.size);
  }
  out.Int("vocab_size", c.vocab_size);
}

}  // namespace pano::nn
