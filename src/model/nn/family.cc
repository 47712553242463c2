#include "model/nn/family.h"

#include "base/env.h"
#include "base/strings.h"

namespace pano::nn {
namespace {

Status CheckConfig(const ModelConfig& config, std::string_view source) {
  if (config.kv_head_count < 1 || config.head_count % config.kv_head_count != 0) {
    return Corruption(StrCat(source, ": ", config.head_count,
                             " attention heads are no multiple of ", config.kv_head_count,
                             " key/value heads"));
  }
  if (config.rope.dim % 2 != 0 || config.rope.dim > config.head_dim) {
    return Corruption(StrCat(source, ": rotary dimension ", config.rope.dim,
                             " is odd or larger than the head's ", config.head_dim));
  }
  return {};
}

std::string KnownNames(bool gguf) {
  std::string names;
  for (const Family* family : Families()) {
    std::string_view name = gguf ? family->gguf_name : family->name;
    if (!name.empty()) names += (names.empty() ? "" : ", ") + std::string(name);
  }
  return names;
}

Result<FamilyConfig> ReadHf(const format::ModelFiles& files) {
  const std::string source = JoinPath(files.path, "config.json");
  const json::Value* type = files.config.Find("model_type");
  if (!type || !type->is_string()) {
    return Corruption(StrCat(source, ": model_type is missing or no string"));
  }
  for (const Family* family : Families()) {
    if (family->name != type->as_string()) continue;
    FamilyConfig out{family, &family->hf_names, {}};
    ConfigReader reader(files.config, source);
    reader.Ignore({"model_type", "architectures", "torch_dtype", "dtype", "transformers_version",
                   "_name_or_path", "bos_token_id", "eos_token_id", "pad_token_id", "use_cache",
                   "initializer_range", "attention_dropout", "_attn_implementation",
                   "attn_implementation", "output_attentions", "output_hidden_states",
                   "return_dict", "chunk_size_feed_forward", "id2label", "label2id",
                   "is_encoder_decoder", "problem_type", "unsloth_version", "unsloth_fixed"});
    if (!reader.Raw("quantization_config").is_null()) {
      reader.Fail(Unimplemented(StrCat(source, ": quantization_config is not supported")));
    }
    family->read_hf(reader, out.config);
    PANO_RETURN_IF_ERROR(reader.status());
    out.config.architecture = family->name;
    out.config.warnings = reader.Unknown();
    PANO_RETURN_IF_ERROR(CheckConfig(out.config, source));
    return out;
  }
  return Unimplemented(StrCat(source, ": architecture '", Printable(type->as_string()),
                              "' is not supported; supported: ", KnownNames(false)));
}

Result<FamilyConfig> ReadGguf(const format::ModelFiles& files) {
  const json::Value* name = files.metadata.Find("general.architecture");
  if (!name || !name->is_string()) {
    return Corruption(StrCat(files.path, ": general.architecture is missing or no string"));
  }
  for (const Family* family : Families()) {
    if (family->gguf_name.empty() || family->gguf_name != name->as_string()) continue;
    FamilyConfig out{family, &family->gguf_names, {}};
    ConfigReader reader(files.metadata, files.path, StrCat(family->gguf_name, "."));
    family->read_gguf(reader, out.config);
    PANO_RETURN_IF_ERROR(reader.status());
    out.config.architecture = family->name;
    out.config.warnings = reader.Unknown();
    // What GGUF says through the tensors themselves.
    const tensor::TensorView* embedding = files.weights->Find(StrCat(out.names->embedding, ".weight"));
    if (!embedding || embedding->shape.size() != 2) {
      return Corruption(StrCat(files.path, ": tensor ", out.names->embedding,
                               " is missing or no matrix"));
    }
    if (out.config.vocab_size == 0) out.config.vocab_size = embedding->shape[0];
    out.config.tied_embeddings = files.weights->Find(StrCat(out.names->head, ".weight")) == nullptr;
    auto has_bias = [&](const char* pattern) {
      std::string tensor_name(pattern);
      tensor_name.replace(tensor_name.find("{}"), 2, "0");
      return files.weights->Find(tensor_name + ".bias") != nullptr;
    };
    out.config.attention_bias = has_bias(out.names->q);
    out.config.mlp_bias = has_bias(out.names->down);
    PANO_RETURN_IF_ERROR(CheckConfig(out.config, files.path));
    return out;
  }
  return Unimplemented(StrCat(files.path, ": architecture '", Printable(name->as_string()),
                              "' is not supported; supported: ", KnownNames(true)));
}

}  // namespace

std::span<const Family* const> Families() {
  static constexpr const Family* kFamilies[] = {&kLlama};
  return kFamilies;
}

Result<FamilyConfig> ReadFamilyConfig(const format::ModelFiles& files) {
  switch (files.kind) {
    case format::ModelFiles::Kind::kHuggingFace: return ReadHf(files);
    case format::ModelFiles::Kind::kGguf: return ReadGguf(files);
    case format::ModelFiles::Kind::kSafetensors: break;
  }
  return InvalidArgument(StrCat(files.path,
                                ": a single .safetensors file says no architecture; "
                                "give the folder that holds its config.json"));
}

void ReadHfRope(ConfigReader& reader, ModelConfig& config) {
  json::Value parameters = reader.Raw("rope_parameters");
  json::Value scaling = reader.Raw("rope_scaling");
  const json::Value& source = parameters.is_object() ? parameters : scaling;
  config.rope.theta = reader.DoubleOr("rope_theta", 1e-3, 1e12, 10000.0);
  if (source.is_null()) return;
  if (!source.is_object()) {
    reader.Fail(Corruption(StrCat(reader.Field("rope_scaling"), " is no object")));
    return;
  }
  ConfigReader rope(source, reader.Field(parameters.is_object() ? "rope_parameters"
                                                                 : "rope_scaling"));
  config.rope.theta = rope.DoubleOr("rope_theta", 1e-3, 1e12, config.rope.theta);
  std::string type = rope.StringOr("rope_type", rope.StringOr("type", "default"));
  if (type == "linear") {
    config.rope.scaling = RopeConfig::Scaling::kLinear;
    config.rope.factor = rope.Double("factor", 1e-6, 1e6);
  } else if (type == "llama3") {
    config.rope.scaling = RopeConfig::Scaling::kLlama3;
    config.rope.factor = rope.Double("factor", 1e-6, 1e6);
    config.rope.low_freq_factor = rope.Double("low_freq_factor", 1e-6, 1e6);
    config.rope.high_freq_factor = rope.Double("high_freq_factor", 1e-6, 1e6);
    config.rope.original_context = rope.Int("original_max_position_embeddings", 1, kContextMax);
    if (rope.status().ok() && config.rope.high_freq_factor <= config.rope.low_freq_factor) {
      rope.Fail(Corruption(StrCat(rope.Field("high_freq_factor"),
                                  " is not larger than low_freq_factor")));
    }
  } else if (type != "default") {
    rope.Fail(Unimplemented(StrCat(rope.Field("rope_type"), " '", Printable(type),
                                   "' is not supported")));
  }
  if (!rope.status().ok()) reader.Fail(rope.status());
}

}  // namespace pano::nn
