#include "model/nn/families/hf_writing.h"

#include <algorithm>
#include <charconv>

#include "base/json.h"
#include "model/nn/model_config.h"

namespace pano::nn {

double ShortestDouble(float value) {
  char text[32];
  const auto [end, error] = std::to_chars(text, text + sizeof text, value);
  double out = static_cast<double>(value);
  if (error == std::errc()) std::from_chars(text, end, out);
  return out;
}

void WriteHfSizes(const ModelConfig& c, json::Value& out) {
  out.Set("vocab_size", c.vocab_size);
  out.Set("hidden_size", c.hidden_size);
  out.Set("intermediate_size", c.ffn_size);
  out.Set("num_hidden_layers", c.layer_count);
  out.Set("num_attention_heads", c.head_count);
  out.Set("num_key_value_heads", c.kv_head_count);
  out.Set("head_dim", c.head_dim);
  out.Set("max_position_embeddings", c.context_length);
  out.Set("tie_word_embeddings", c.tied_embeddings);
}

void WriteHfRope(const ModelConfig& c, json::Value& out) {
  using Scaling = RopeConfig::Scaling;
  const RopeConfig& rope = c.rope;
  out.Set("rope_theta", rope.theta);
  if (rope.dim != c.head_dim) {
    // Readers multiply and cut off: a hair more than the quotient stays on the right side.
    out.Set("partial_rotary_factor",
            (static_cast<double>(rope.dim) + 1e-6) / static_cast<double>(c.head_dim));
  }
  json::Value scaling;
  auto set = [&](const char* key, json::Value value) { scaling.Set(key, std::move(value)); };
  auto list = [](const std::vector<double>& factors) {
    json::Array items;
    for (double factor : factors) items.emplace_back(ShortestDouble(static_cast<float>(factor)));
    return items;
  };
  switch (rope.scaling) {
    case Scaling::kNone:
      break;
    case Scaling::kLinear:
    case Scaling::kDynamic:
      set("rope_type", rope.scaling == Scaling::kLinear ? "linear" : "dynamic");
      set("factor", rope.factor);
      break;
    case Scaling::kLlama3:
      set("rope_type", "llama3");
      set("factor", rope.factor);
      set("low_freq_factor", rope.low_freq_factor);
      set("high_freq_factor", rope.high_freq_factor);
      break;
    case Scaling::kYarn:
      set("rope_type", "yarn");
      set("factor", rope.factor);
      set("beta_fast", rope.beta_fast);
      set("beta_slow", rope.beta_slow);
      set("attention_factor", rope.attention_factor);
      if (!rope.truncate) set("truncate", false);
      break;
    case Scaling::kLongRope:
      set("rope_type", "longrope");
      set("short_factor", list(rope.short_factors));
      set("long_factor", list(rope.long_factors));
      set("attention_factor", rope.attention_factor);
      break;
  }
  if (!scaling.is_null() && rope.scaling != Scaling::kLinear) {
    set("original_max_position_embeddings", rope.original_context);
  }
  if (rope.scaling == Scaling::kLongRope) {
    out.Set("original_max_position_embeddings", rope.original_context);
  }
  out.Set("rope_scaling", std::move(scaling));
}

void WriteHfActivation(const ModelConfig& c, std::string_view key, json::Value& out) {
  using ops::Activation;
  const char* name = "silu";
  switch (c.activation) {
    case Activation::kSilu:
      break;
    case Activation::kGelu:
      name = "gelu";
      break;
    case Activation::kGeluTanh:
      name = "gelu_pytorch_tanh";
      break;
    case Activation::kQuickGelu:
      name = "quick_gelu";
      break;
    case Activation::kRelu:
      name = "relu";
      break;
  }
  out.Set(key, name);
}

void WriteHfEpsilon(const ModelConfig& c, std::string_view key, json::Value& out) {
  out.Set(key, ShortestDouble(c.norm_epsilon));
}

void WriteHfWindows(const ModelConfig& c, json::Value& out) {
  int64_t window = 0;
  bool all = true;
  json::Array types;
  for (const LayerConfig& layer : c.layers) {
    window = std::max(window, layer.window);
    all = all && layer.window > 0;
    types.emplace_back(layer.window > 0 ? "sliding_attention" : "full_attention");
  }
  out.Set("sliding_window", window > 0 ? json::Value(window) : json::Value());
  if (window > 0 && !all) out.Set("layer_types", std::move(types));
}

void WriteHfLlamaLike(const ModelConfig& config, json::Value& out) {
  WriteHfSizes(config, out);
  WriteHfRope(config, out);
  WriteHfActivation(config, "hidden_act", out);
  WriteHfEpsilon(config, "rms_norm_eps", out);
}

}  // namespace pano::nn
