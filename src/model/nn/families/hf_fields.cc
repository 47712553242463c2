#include "model/nn/families/hf_fields.h"

#include <algorithm>
#include <cmath>

#include "base/strings.h"
#include "model/format/packed_layout.h"

namespace pano::nn {
namespace {

std::vector<double> Factors(ConfigReader& reader, std::string_view key, int64_t count) {
  json::Value list = reader.Raw(key);
  std::vector<double> out;
  if (list.is_array()) {
    for (const json::Value& value : list.as_array()) {
      if (value.is_number() && value.as_double() > 0 && value.as_double() < 1e9) {
        out.push_back(value.as_double());
      }
    }
  }
  if (out.size() != static_cast<size_t>(count)) {
    reader.Fail(
        Corruption(StrCat(reader.Field(key), " is no list of ", count, " positive numbers")));
  }
  return out;
}

// The growth of attention's temperature with the factor (Peng et al., 2023, equation 22).
double YarnScale(double factor, double weight) {
  return factor <= 1 ? 1.0 : 0.1 * weight * std::log(factor) + 1.0;
}

void ReadYarn(ConfigReader& rope, int64_t context_length, RopeConfig& out) {
  out.factor = rope.Double("factor", 1e-6, 1e6);
  out.original_context =
      rope.IntOr("original_max_position_embeddings", 1, kContextMax, context_length);
  out.beta_fast = rope.DoubleOr("beta_fast", 1e-6, 1e6, 32.0);
  out.beta_slow = rope.DoubleOr("beta_slow", 1e-6, 1e6, 1.0);
  out.truncate = rope.BoolOr("truncate", true);
  const double mscale = rope.DoubleOr("mscale", 0, 1e3, 0.0);
  const double mscale_all = rope.DoubleOr("mscale_all_dim", 0, 1e3, 0.0);
  const double inferred = mscale > 0 && mscale_all > 0
                              ? YarnScale(out.factor, mscale) / YarnScale(out.factor, mscale_all)
                              : YarnScale(out.factor, 1.0);
  out.attention_factor = rope.DoubleOr("attention_factor", 1e-6, 1e6, inferred);
}

void ReadLongRope(ConfigReader& rope, int64_t context_length, RopeConfig& out) {
  out.original_context =
      rope.IntOr("original_max_position_embeddings", 2, kContextMax, out.original_context);
  if (out.original_context < 2) out.original_context = context_length;
  out.short_factors = Factors(rope, "short_factor", out.pairs());
  out.long_factors = Factors(rope, "long_factor", out.pairs());
  const double factor = rope.DoubleOr(
      "factor", 1e-6, 1e6,
      static_cast<double>(context_length) / static_cast<double>(out.original_context));
  const double inferred =
      factor <= 1
          ? 1.0
          : std::sqrt(1 + std::log(factor) / std::log(static_cast<double>(out.original_context)));
  out.attention_factor = rope.DoubleOr("attention_factor", 1e-6, 1e6, inferred);
}

void ReadLlama3(ConfigReader& rope, int64_t context_length, RopeConfig& out) {
  out.factor = rope.Double("factor", 1e-6, 1e6);
  out.low_freq_factor = rope.Double("low_freq_factor", 1e-6, 1e6);
  out.high_freq_factor = rope.Double("high_freq_factor", 1e-6, 1e6);
  out.original_context =
      rope.IntOr("original_max_position_embeddings", 1, kContextMax, context_length);
  if (rope.status().ok() && out.high_freq_factor <= out.low_freq_factor) {
    rope.Fail(
        Corruption(StrCat(rope.Field("high_freq_factor"), " is not larger than low_freq_factor")));
  }
}

bool IsLayerMap(const json::Value& object) {
  const json::Value* full = object.Find("full_attention");
  return full && full->is_object();
}

}  // namespace

void ReadHfCommon(ConfigReader& reader) {
  reader.Ignore({"model_type",
                 "torch_dtype",
                 "dtype",
                 "transformers_version",
                 "_name_or_path",
                 "bos_token_id",
                 "eos_token_id",
                 "pad_token_id",
                 "use_cache",
                 "initializer_range",
                 "attention_dropout",
                 "_attn_implementation",
                 "attn_implementation",
                 "output_attentions",
                 "output_hidden_states",
                 "return_dict",
                 "chunk_size_feed_forward",
                 "id2label",
                 "label2id",
                 "is_encoder_decoder",
                 "problem_type"});
  // Our own was read with the tensors, which have their types by now.
  const json::Value& quantised = reader.Raw("quantization_config");
  if (!quantised.is_null() && !format::IsPackedConfig(quantised)) {
    reader.Fail(Unimplemented(StrCat(reader.Field("quantization_config"), " is not supported")));
  }
}

void ReadHfSizes(ConfigReader& reader, ModelConfig& config) {
  config.vocab_size = reader.Int("vocab_size", 1, kSizeMax);
  config.hidden_size = reader.Int("hidden_size", 1, kSizeMax);
  config.ffn_size = reader.IntOr("intermediate_size", 1, kSizeMax, 4 * config.hidden_size);
  config.layer_count = reader.Int("num_hidden_layers", 1, kLayersMax);
  config.head_count = reader.Int("num_attention_heads", 1, kHeadsMax);
  auto preset = [](int64_t own, int64_t other) { return own > 0 ? own : other; };
  config.kv_head_count = reader.IntOr("num_key_value_heads", 1, kHeadsMax,
                                      preset(config.kv_head_count, config.head_count));
  const int64_t share = std::max<int64_t>(1, config.hidden_size / config.head_count);
  config.head_dim = reader.IntOr("head_dim", 1, kHeadDimMax, preset(config.head_dim, share));
  config.context_length =
      reader.IntOr("max_position_embeddings", 1, kContextMax, preset(config.context_length, 2048));
  config.tied_embeddings = reader.BoolOr("tie_word_embeddings", false);
  config.layers.assign(static_cast<size_t>(config.layer_count), {});
}

void ReadHfRopeScaling(ConfigReader& reader, const json::Value& object, std::string_view key,
                       int64_t context_length, RopeConfig& out) {
  if (!object.is_object()) {
    reader.Fail(Corruption(StrCat(reader.Field(key), " is no object")));
    return;
  }
  ConfigReader rope(object, StrCat(reader.Field(key)));
  out.theta = rope.DoubleOr("rope_theta", 1e-3, 1e12, out.theta);
  const std::string type = rope.StringOr("rope_type", rope.StringOr("type", "default"));
  if (type == "linear") {
    out.scaling = RopeConfig::Scaling::kLinear;
    out.factor = rope.Double("factor", 1e-6, 1e6);
  } else if (type == "llama3") {
    out.scaling = RopeConfig::Scaling::kLlama3;
    ReadLlama3(rope, context_length, out);
  } else if (type == "dynamic") {
    out.scaling = RopeConfig::Scaling::kDynamic;
    out.factor = rope.Double("factor", 1e-6, 1e6);
    rope.Ignore({"original_max_position_embeddings"});  // the original looks at the context alone
    out.original_context = context_length;
  } else if (type == "yarn") {
    out.scaling = RopeConfig::Scaling::kYarn;
    ReadYarn(rope, context_length, out);
  } else if (type == "longrope" || type == "su") {
    out.scaling = RopeConfig::Scaling::kLongRope;
    ReadLongRope(rope, context_length, out);
  } else if (type != "default") {
    rope.Fail(Unimplemented(
        StrCat(rope.Field("rope_type"), " '", Printable(type), "' is not supported")));
  }
  rope.Ignore({"partial_rotary_factor", "finetuned", "rope_type", "type"});
  for (const std::string& warning : rope.Unknown()) {
    // A factor that we do not know would change every answer.
    rope.Fail(Unimplemented(StrCat(warning, " of a rope scaling is not supported")));
  }
  if (!rope.status().ok()) reader.Fail(rope.status());
}

void ReadHfRope(ConfigReader& reader, ModelConfig& config, double partial) {
  json::Value parameters = reader.Raw("rope_parameters");
  json::Value scaling = reader.Raw("rope_scaling");
  RopeConfig& rope = config.rope;
  partial = reader.DoubleOr("partial_rotary_factor", 0.0, 1.0, partial);
  json::Value global = parameters.is_object() ? parameters : scaling;
  json::Value local;
  if (parameters.is_object() && IsLayerMap(parameters)) {
    global = *parameters.Find("full_attention");
    if (const json::Value* sliding = parameters.Find("sliding_attention")) local = *sliding;
  }
  if (const json::Value* value =
          global.is_object() ? global.Find("partial_rotary_factor") : nullptr) {
    if (value->is_number() && value->as_double() >= 0 && value->as_double() <= 1) {
      partial = value->as_double();
    }
  }
  rope.theta = reader.DoubleOr("rope_theta", 1e-3, 1e12, rope.theta);
  rope.dim = static_cast<int64_t>(static_cast<double>(config.head_dim) * partial);
  rope.original_context = reader.IntOr("original_max_position_embeddings", 1, kContextMax, 0);
  config.local_rope = rope;
  const char* key = parameters.is_object() ? "rope_parameters" : "rope_scaling";
  if (!global.is_null()) ReadHfRopeScaling(reader, global, key, config.context_length, rope);
  if (rope.scaling == RopeConfig::Scaling::kDynamic || rope.scaling == RopeConfig::Scaling::kYarn) {
    // These reach beyond the context that the model was trained with.
    const double reach = rope.factor * static_cast<double>(rope.original_context);
    config.context_length =
        std::max(config.context_length,
                 static_cast<int64_t>(std::min(reach, static_cast<double>(kContextMax))));
  }
  if (local.is_object()) {
    ReadHfRopeScaling(reader, local, key, config.context_length, config.local_rope);
  }
}

void ReadHfActivation(ConfigReader& reader, std::string_view key, std::string_view fallback,
                      ModelConfig& config) {
  using ops::Activation;
  const std::string name = reader.StringOr(key, fallback);
  if (name == "silu" || name == "swish") {
    config.activation = Activation::kSilu;
  } else if (name == "gelu" || name == "gelu_python") {
    config.activation = Activation::kGelu;
  } else if (name == "gelu_new" || name == "gelu_pytorch_tanh" || name == "gelu_fast") {
    config.activation = Activation::kGeluTanh;
  } else if (name == "quick_gelu") {
    config.activation = Activation::kQuickGelu;
  } else if (name == "relu") {
    config.activation = Activation::kRelu;
  } else {
    reader.Fail(
        Unimplemented(StrCat(reader.Field(key), " '", Printable(name), "' is not supported")));
  }
}

void ReadHfRmsNorm(ConfigReader& reader, double fallback, ModelConfig& config) {
  config.norm = NormKind::kRms;
  config.norm_epsilon = static_cast<float>(reader.DoubleOr("rms_norm_eps", 0.0, 1.0, fallback));
}

void ReadHfLayerNorm(ConfigReader& reader, std::string_view key, bool bias, ModelConfig& config) {
  config.norm = NormKind::kLayer;
  config.norm_bias = bias;
  config.norm_epsilon = static_cast<float>(reader.DoubleOr(key, 0.0, 1.0, 1e-5));
}

std::vector<bool> ReadHfSlidingLayers(ConfigReader& reader, SlidingLayers fallback,
                                      const ModelConfig& config) {
  std::vector<bool> slides;
  const json::Value types = reader.Raw("layer_types");
  if (!types.is_null() && (!types.is_array() || types.as_array().size() != config.layers.size())) {
    reader.Fail(Corruption(
        StrCat(reader.Field("layer_types"), " is no list of ", config.layer_count, " names")));
    return slides;
  }
  for (size_t i = 0; i < config.layers.size(); ++i) {
    if (!types.is_array()) {
      slides.push_back(fallback.Has(static_cast<int64_t>(i)));
      continue;
    }
    const json::Value& type = types.as_array()[i];
    slides.push_back(type == json::Value("sliding_attention"));
    if (!slides.back() && !(type == json::Value("full_attention"))) {
      reader.Fail(Unimplemented(StrCat(reader.Field("layer_types"), "[", i,
                                       "] = ", Printable(json::Dump(type)), " is not supported")));
      return {};
    }
  }
  return slides;
}

void ReadHfWindows(ConfigReader& reader, SlidingLayers fallback, ModelConfig& config,
                   int64_t absent) {
  const int64_t window =
      reader.IntOr("sliding_window", 1, kContextMax, reader.Has("sliding_window") ? 0 : absent);
  if (window == 0) fallback.kind = SlidingLayers::Kind::kNone;
  const std::vector<bool> slides = ReadHfSlidingLayers(reader, fallback, config);
  for (size_t i = 0; i < slides.size(); ++i) {
    if (!slides[i]) continue;
    if (window == 0) {
      reader.Fail(Corruption(
          StrCat(reader.Field("sliding_window"), " is missing, layer_types names sliding layers")));
      return;
    }
    config.layers[i].window = window;
  }
}

WeightNames LlamaHfNames() {
  WeightNames names;
  names.embedding = "model.embed_tokens";
  names.final_norm = "model.norm";
  names.head = "lm_head";
  names.attention_norm = "model.layers.{}.input_layernorm";
  names.q = "model.layers.{}.self_attn.q_proj";
  names.k = "model.layers.{}.self_attn.k_proj";
  names.v = "model.layers.{}.self_attn.v_proj";
  names.o = "model.layers.{}.self_attn.o_proj";
  names.q_norm = "model.layers.{}.self_attn.q_norm";
  names.k_norm = "model.layers.{}.self_attn.k_norm";
  names.ffn_norm = "model.layers.{}.post_attention_layernorm";
  names.gate = "model.layers.{}.mlp.gate_proj";
  names.up = "model.layers.{}.mlp.up_proj";
  names.down = "model.layers.{}.mlp.down_proj";
  names.optional_prefix = "model.";
  return names;
}

}  // namespace pano::nn
