// Gemma 1 (Mesnard et al., 2024), 2 (Riviere et al., 2024: soft caps, alternating windows, norms
// around blocks) and 3 (Kamath et al., 2025: norms on queries and keys, local and global rope).
#include <cmath>

#include "base/strings.h"
#include "model/nn/families/gguf_fields.h"
#include "model/nn/families/hf_fields.h"
#include "model/nn/families/hf_writing.h"

namespace pano::nn {
namespace {

constexpr SlidingLayers kEverySecond = {SlidingLayers::Kind::kAllButEvery, 2};

void ScaleEmbedding(ModelConfig& config) {
  config.embedding_scale = static_cast<float>(std::sqrt(static_cast<double>(config.hidden_size)));
}

void ReadCommon(ConfigReader& reader, ModelConfig& config) {
  config.head_dim = 256;
  if (config.context_length == 0) config.context_length = 8192;
  ReadHfSizes(reader, config);
  config.tied_embeddings = reader.BoolOr("tie_word_embeddings", true);
  ReadHfRope(reader, config);
  ReadHfRmsNorm(reader, 1e-6, config);
  config.norm_offset = 1.0f;
  ScaleEmbedding(config);
  // Older files say "gelu" in hidden_act and mean the tanh form.
  reader.Ignore({"hidden_act", "cache_implementation"});
  reader.MustEqual("use_bidirectional_attention", false);
  ReadHfActivation(reader, "hidden_activation", "gelu_pytorch_tanh", config);
  config.qkv_bias = config.output_bias = reader.BoolOr("attention_bias", false);
}

// A soft cap: null is none, absence the family's own.
float Softcap(ConfigReader& reader, const char* key, double absent) {
  return static_cast<float>(reader.DoubleOr(key, 0, 1e9, reader.Has(key) ? 0 : absent));
}

void ReadGemma2(ConfigReader& reader, ModelConfig& config) {
  config.kv_head_count = 4;
  ReadCommon(reader, config);
  config.norm_placement = NormPlacement::kAround;
  config.attention_scale =
      1.0 / std::sqrt(reader.DoubleOr("query_pre_attn_scalar", 1e-6, 1e9, 256));
  config.attention_softcap = Softcap(reader, "attn_logit_softcapping", 50.0);
  config.final_softcap = Softcap(reader, "final_logit_softcapping", 30.0);
  ReadHfWindows(reader, kEverySecond, config, /*absent=*/4096);
}

void ReadGemma3(ConfigReader& reader, ModelConfig& config) {
  config.rope.theta = 1e6;
  config.kv_head_count = 4;
  config.context_length = 131072;
  ReadCommon(reader, config);
  config.norm_placement = NormPlacement::kAround;
  config.qk_norm = QkNorm::kHead;
  config.attention_scale =
      1.0 / std::sqrt(reader.DoubleOr("query_pre_attn_scalar", 1e-6, 1e9, 256));
  config.attention_softcap = Softcap(reader, "attn_logit_softcapping", 0.0);
  config.final_softcap = Softcap(reader, "final_logit_softcapping", 0.0);
  const int64_t pattern = reader.IntOr("sliding_window_pattern", 1, kLayersMax,
                                       reader.IntOr("_sliding_window_pattern", 1, kLayersMax, 6));
  ReadHfWindows(reader, {SlidingLayers::Kind::kAllButEvery, pattern}, config, /*absent=*/4096);
  config.local_rope.scaling = RopeConfig::Scaling::kNone;
  if (!reader.Raw("rope_parameters").is_object()) config.local_rope.theta = 10000.0;
  config.local_rope.theta =
      reader.DoubleOr("rope_local_base_freq", 1e-3, 1e12, config.local_rope.theta);
  for (LayerConfig& layer : config.layers) {
    if (layer.window > 0) layer.rope = LayerConfig::Rope::kLocal;
  }
}

void WriteGemma(const ModelConfig& config, json::Value& out) {
  WriteHfSizes(config, out);
  WriteHfRope(config, out);
  WriteHfEpsilon(config, "rms_norm_eps", out);
  WriteHfActivation(config, "hidden_activation", out);
  out.Set("hidden_act", *out.Find("hidden_activation"));
  out.Set("attention_bias", config.qkv_bias);
}

void WriteGemma2(const ModelConfig& config, json::Value& out) {
  auto cap = [](float value) {
    return value > 0 ? json::Value(ShortestDouble(value)) : json::Value();
  };
  WriteGemma(config, out);
  out.Set("query_pre_attn_scalar", config.attention_scale > 0
                                       ? json::Value(std::pow(config.attention_scale, -2.0))
                                       : json::Value(config.head_dim));
  out.Set("attn_logit_softcapping", cap(config.attention_softcap));
  out.Set("final_logit_softcapping", cap(config.final_softcap));
  WriteHfWindows(config, out);
}

void WriteGemma3(const ModelConfig& config, json::Value& out) {
  WriteGemma2(config, out);
  out.Set("rope_local_base_freq", config.local_rope.theta);
}

void WriteGgufGemma2(const ModelConfig& config, GgufFields& out) {
  WriteGgufFields(config, out);
  const double usual = 1.0 / std::sqrt(static_cast<double>(config.head_dim));
  if (config.attention_scale > 0 && std::abs(config.attention_scale / usual - 1) > 1e-6) {
    out.Float("attention.scale", config.attention_scale);
    out.notes.emplace_back("attention.scale: other programs may not read it for this architecture");
  }
}

// The smallest number of layers after which one looks at everything again.
void WriteGgufGemma3(const ModelConfig& config, GgufFields& out) {
  WriteGgufGemma2(config, out);
  int64_t pattern = 1;
  while (pattern <= config.layer_count &&
         config.layers[static_cast<size_t>(pattern - 1)].window > 0)
    ++pattern;
  out.Int("attention.sliding_window_pattern", pattern);
  out.Float("rope.freq_base_swa", config.local_rope.theta);
}

WeightNames SandwichHfNames() {
  WeightNames names = LlamaHfNames();
  names.attention_post_norm = "model.layers.{}.post_attention_layernorm";
  names.ffn_norm = "model.layers.{}.pre_feedforward_layernorm";
  names.ffn_post_norm = "model.layers.{}.post_feedforward_layernorm";
  return names;
}

// GGUF's converter has added the norms' one already.
void ReadGguf(ConfigReader& reader, ModelConfig& config) {
  ReadGgufSizes(reader, config);
  ReadGgufRope(reader, config);
  ReadGgufRmsNorm(reader, config);
  config.activation = ops::Activation::kGeluTanh;
  ScaleEmbedding(config);
}

// The scale of scores is that of the head size but in the largest models, whose files do not say
// so; ours have a key for any other.
void ReadGgufScale(ConfigReader& reader, int64_t largest, ModelConfig& config) {
  config.attention_scale = reader.DoubleOr("attention.scale", 1e-9, 1e9, 0.0);
  if (config.attention_scale == 0 && config.layer_count == largest) {
    config.attention_scale = 1.0 / std::sqrt(static_cast<double>(config.hidden_size) /
                                             static_cast<double>(config.head_count));
  }
}

void ReadGgufGemma2(ConfigReader& reader, ModelConfig& config) {
  ReadGguf(reader, config);
  config.norm_placement = NormPlacement::kAround;
  config.attention_softcap =
      static_cast<float>(reader.DoubleOr("attn_logit_softcapping", 0, 1e9, 50.0));
  config.final_softcap =
      static_cast<float>(reader.DoubleOr("final_logit_softcapping", 0, 1e9, 30.0));
  ReadGgufWindows(reader, kEverySecond, config);
  ReadGgufScale(reader, /*largest, 27B:*/ 46, config);
}

void ReadGgufGemma3(ConfigReader& reader, ModelConfig& config) {
  ReadGguf(reader, config);
  config.norm_placement = NormPlacement::kAround;
  config.qk_norm = QkNorm::kHead;
  config.final_softcap = static_cast<float>(reader.DoubleOr("final_logit_softcapping", 0, 1e9, 0));
  const int64_t pattern = reader.IntOr("attention.sliding_window_pattern", 1, kLayersMax, 6);
  ReadGgufWindows(reader, {SlidingLayers::Kind::kAllButEvery, pattern}, config);
  config.local_rope.scaling = RopeConfig::Scaling::kNone;
  config.local_rope.theta = reader.DoubleOr("rope.freq_base_swa", 1e-3, 1e12, 10000.0);
  for (LayerConfig& layer : config.layers) {
    if (layer.window > 0) layer.rope = LayerConfig::Rope::kLocal;
  }
  ReadGgufScale(reader, /*largest, 27B:*/ 62, config);
}

}  // namespace

extern const Family kGemma, kGemma2, kGemma3;
const Family kGemma = {"gemma",   "gemma",    ReadCommon,         ReadGguf,       LlamaHfNames,
                       GgufNames, WriteGemma, "GemmaForCausalLM", WriteGgufFields};
const Family kGemma2 = {"gemma2",        "gemma2",  ReadGemma2,  ReadGgufGemma2,
                        SandwichHfNames, GgufNames, WriteGemma2, "Gemma2ForCausalLM",
                        WriteGgufGemma2};
const Family kGemma3 = {"gemma3_text",   "gemma3",  ReadGemma3,  ReadGgufGemma3,
                        SandwichHfNames, GgufNames, WriteGemma3, "Gemma3ForCausalLM",
                        WriteGgufGemma3};

}  // namespace pano::nn
