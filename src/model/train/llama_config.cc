#include "model/train/llama_config.h"

#include "base/strings.h"
#include "model/train/bpe_trainer.h"

namespace pano::train {
namespace {

Result<int64_t> Integer(const json::Value& config, std::string_view key) {
  const json::Value* value = config.Find(key);
  if (!value || !value->is_int()) return Corruption(StrCat("[config] ", key, " is no integer"));
  return value->as_int();
}

Result<double> Number(const json::Value& config, std::string_view key) {
  const json::Value* value = config.Find(key);
  if (!value || !value->is_number()) return Corruption(StrCat("[config] ", key, " is no number"));
  return value->as_double();
}

}  // namespace

int64_t LlamaConfig::parameter_count() const {
  int64_t kv_size = kv_head_count * head_size();
  int64_t attention = 2 * hidden_size * hidden_size + 2 * hidden_size * kv_size;
  int64_t per_layer = attention + 3 * hidden_size * ffn_size + 2 * hidden_size;
  return vocab_size * hidden_size + layer_count * per_layer + hidden_size;
}

Status Validate(const LlamaConfig& c) {
  struct Limit {
    std::string_view name;
    int64_t value;
    int64_t max;
  };
  for (const Limit& l : {Limit{"vocab_size", c.vocab_size, 1 << 20},
                         {"hidden", c.hidden_size, 1 << 16},
                         {"layers", c.layer_count, 1024},
                         {"heads", c.head_count, 1024},
                         {"kv_heads", c.kv_head_count, 1024},
                         {"ffn", c.ffn_size, 1 << 18},
                         {"context", c.context_length, 1 << 20}}) {
    if (l.value < 1 || l.value > l.max) {
      return InvalidArgument(
          StrCat("[model] ", l.name, " is ", l.value, ", allowed are 1 to ", l.max));
    }
  }
  if (c.hidden_size % c.head_count != 0 || c.head_size() % 2 != 0) {
    return InvalidArgument(StrCat("[model] hidden ", c.hidden_size, " does not split into ",
                                  c.head_count, " heads of an even size"));
  }
  if (c.head_count % c.kv_head_count != 0) {
    return InvalidArgument(StrCat("[model] ", c.head_count, " heads do not share ", c.kv_head_count,
                                  " kv_heads evenly"));
  }
  if (!(c.rope_theta > 0) || !(c.norm_eps > 0)) {
    return InvalidArgument("[model] rope_theta and norm_eps must be above 0");
  }
  return OkStatus();
}

json::Value ConfigJson(const LlamaConfig& config, std::string_view dtype) {
  json::Value out;
  out.Set("architectures", json::Array{"LlamaForCausalLM"});
  out.Set("model_type", "llama");
  out.Set("vocab_size", config.vocab_size);
  out.Set("hidden_size", config.hidden_size);
  out.Set("intermediate_size", config.ffn_size);
  out.Set("num_hidden_layers", config.layer_count);
  out.Set("num_attention_heads", config.head_count);
  out.Set("num_key_value_heads", config.kv_head_count);
  out.Set("head_dim", config.head_size());
  out.Set("hidden_act", "silu");
  out.Set("max_position_embeddings", config.context_length);
  out.Set("rms_norm_eps", config.norm_eps);
  out.Set("rope_theta", config.rope_theta);
  out.Set("rope_scaling", nullptr);
  out.Set("tie_word_embeddings", true);
  out.Set("attention_bias", false);
  out.Set("attention_dropout", 0.0);
  out.Set("mlp_bias", false);
  out.Set("bos_token_id", int64_t{kEndTokenId});
  out.Set("eos_token_id", int64_t{kEndTokenId});
  out.Set("torch_dtype", dtype);
  out.Set("use_cache", true);
  return out;
}

Result<LlamaConfig> ParseConfigJson(const json::Value& config) {
  const json::Value* type = config.Find("model_type");
  if (!type || !type->is_string() || type->as_string() != "llama") {
    return Unimplemented("[config] only model_type \"llama\" can be read here");
  }
  const json::Value* tied = config.Find("tie_word_embeddings");
  if (!tied || !tied->is_bool() || !tied->as_bool()) {
    return Unimplemented("[config] only models with tie_word_embeddings can be read here");
  }
  LlamaConfig out;
  PANO_ASSIGN_OR_RETURN(out.vocab_size, Integer(config, "vocab_size"));
  PANO_ASSIGN_OR_RETURN(out.hidden_size, Integer(config, "hidden_size"));
  PANO_ASSIGN_OR_RETURN(out.ffn_size, Integer(config, "intermediate_size"));
  PANO_ASSIGN_OR_RETURN(out.layer_count, Integer(config, "num_hidden_layers"));
  PANO_ASSIGN_OR_RETURN(out.head_count, Integer(config, "num_attention_heads"));
  PANO_ASSIGN_OR_RETURN(out.kv_head_count, Integer(config, "num_key_value_heads"));
  PANO_ASSIGN_OR_RETURN(out.context_length, Integer(config, "max_position_embeddings"));
  PANO_ASSIGN_OR_RETURN(out.norm_eps, Number(config, "rms_norm_eps"));
  PANO_ASSIGN_OR_RETURN(out.rope_theta, Number(config, "rope_theta"));
  PANO_RETURN_IF_ERROR(Validate(out));
  return out;
}

}  // namespace pano::train
