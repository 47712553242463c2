#include "model/nn/families/family.h"

#include "base/env.h"
#include "base/strings.h"
#include "model/format/weights.h"
#include "model/nn/families/hf_fields.h"

namespace pano::nn {

// Each in its own file.
extern const Family kCohere, kDeepseekV2, kFalcon, kGemma, kGemma2, kGemma3, kGpt2, kGptNeox,
    kGranite, kLlama, kMistral, kMixtral, kModernbertDecoder, kOlmo2, kPhi, kPhi3, kQwen2,
    kQwen2Moe, kQwen3, kQwen3Moe, kStablelm, kStarcoder2;

Status CheckModelConfig(const ModelConfig& c, std::string_view source) {
  if (c.kv_head_count < 1 || c.head_count % c.kv_head_count != 0) {
    return Corruption(StrCat(source, ": ", c.head_count, " attention heads are no multiple of ",
                             c.kv_head_count, " key/value heads"));
  }
  for (size_t i = 0; i < c.layers.size(); ++i) {
    if (c.head_count % c.kv_heads(i) == 0) continue;
    return Corruption(StrCat(source, ": ", c.head_count, " attention heads are no multiple of layer ",
                             i, "'s ", c.kv_heads(i), " key/value heads"));
  }
  for (const RopeConfig* rope : {&c.rope, &c.local_rope}) {
    if (2 * rope->pairs() > c.head_dim) {
      return Corruption(StrCat(source, ": rotary dimension ", rope->dim,
                               " is larger than the head's ", c.head_dim));
    }
  }
  const ExpertConfig& e = c.experts;
  if (e.count > 0 && (e.used < 1 || e.used > e.count || e.groups < 1 || e.count % e.groups != 0 ||
                      e.groups_used < 1 || e.groups_used > e.groups ||
                      e.used > e.count / e.groups * e.groups_used)) {
    return Corruption(StrCat(source, ": ", e.used, " of ", e.count, " experts in ", e.groups_used,
                             " of ", e.groups, " groups is impossible"));
  }
  if (c.learned_positions > 0 && c.context_length > c.learned_positions - c.position_offset) {
    return Corruption(StrCat(source, ": a context of ", c.context_length, " needs more than the ",
                             c.learned_positions, " position embeddings"));
  }
  return {};
}

namespace {

Result<FamilyConfig> ReadHf(const format::ModelFiles& files) {
  const std::string source = JoinPath(files.path, "config.json");
  if (files.config.is_null()) {
    return NotFound(StrCat(source, ": no such file; it says what kind of model the weights are"));
  }
  const json::Value* type = files.config.Find("model_type");
  if (!type || !type->is_string()) {
    return Corruption(StrCat(source, ": model_type is missing or no string"));
  }
  for (const Family* family : Families()) {
    if (family->name != type->as_string()) continue;
    FamilyConfig out{family, family->hf_names(), {}};
    ConfigReader reader(files.config, source);
    ReadHfCommon(reader);
    reader.Ignore({"architectures", "unsloth_version", "unsloth_fixed"});
    family->read_hf(reader, out.config);
    PANO_RETURN_IF_ERROR(reader.status());
    out.config.architecture = family->name;
    out.config.warnings = reader.Unknown();
    PANO_RETURN_IF_ERROR(CheckModelConfig(out.config, source));
    return out;
  }
  return Unimplemented(StrCat(source, ": architecture '", Printable(type->as_string()),
                              "' is not supported; supported: ", FamilyNames(Families(), false)));
}

// What GGUF says through the tensors themselves.
Status ReadFromTensors(const format::ModelFiles& files, const WeightNames& names,
                       ModelConfig& config) {
  const tensor::TensorView* embedding = files.weights->Find(StrCat(names.embedding, ".weight"));
  if (!embedding || embedding->shape.size() != 2) {
    return Corruption(StrCat(files.path, ": tensor ", names.embedding, " is missing or no matrix"));
  }
  if (config.vocab_size == 0) config.vocab_size = embedding->shape[0];
  config.tied_embeddings = files.weights->Find(StrCat(names.head, ".weight")) == nullptr;
  auto has = [&](const char* pattern, const char* end) {
    if (!pattern) return false;
    std::string name(pattern);
    if (const size_t at = name.find("{}"); at != std::string::npos) name.replace(at, 2, "0");
    return files.weights->Find(name + end) != nullptr;
  };
  config.qkv_bias = has(names.q, ".bias") || has(names.qkv, ".bias");
  config.output_bias = has(names.o, ".bias");
  config.mlp_bias = has(names.down, ".bias");
  config.head_bias = has(names.head, ".bias");
  config.norm_bias = has(names.final_norm, ".bias");
  return {};
}

Result<FamilyConfig> ReadGguf(const format::ModelFiles& files) {
  const json::Value* name = files.metadata.Find("general.architecture");
  if (!name || !name->is_string()) {
    return Corruption(StrCat(files.path, ": general.architecture is missing or no string"));
  }
  for (const Family* family : Families()) {
    if (family->gguf_name.empty() || family->gguf_name != name->as_string()) continue;
    FamilyConfig out{family, family->gguf_names(), {}};
    ConfigReader reader(files.metadata, files.path, StrCat(family->gguf_name, "."));
    family->read_gguf(reader, out.config);
    PANO_RETURN_IF_ERROR(reader.status());
    out.config.architecture = family->name;
    out.config.warnings = reader.Unknown();
    PANO_RETURN_IF_ERROR(ReadFromTensors(files, out.names, out.config));
    PANO_RETURN_IF_ERROR(CheckModelConfig(out.config, files.path));
    return out;
  }
  return Unimplemented(StrCat(files.path, ": architecture '", Printable(name->as_string()),
                              "' is not supported; supported: ", FamilyNames(Families(), true)));
}

}  // namespace

std::span<const Family* const> Families() {
  static constexpr const Family* kFamilies[] = {
      &kCohere,
      &kDeepseekV2,
      &kFalcon,
      &kGemma,
      &kGemma2,
      &kGemma3,
      &kGpt2,
      &kGptNeox,
      &kGranite,
      &kLlama,
      &kMistral,
      &kMixtral,
      &kModernbertDecoder,
      &kOlmo2,
      &kPhi,
      &kPhi3,
      &kQwen2,
      &kQwen2Moe,
      &kQwen3,
      &kQwen3Moe,
      &kStablelm,
      &kStarcoder2,
  };
  return kFamilies;
}

Result<FamilyConfig> ReadFamilyConfig(const format::ModelFiles& files) {
  switch (files.kind) {
    case format::ModelFiles::Kind::kHuggingFace:
      return ReadHf(files);
    case format::ModelFiles::Kind::kGguf:
      return ReadGguf(files);
    case format::ModelFiles::Kind::kSafetensors:
      break;
  }
  return InvalidArgument(StrCat(files.path,
                                ": a single .safetensors file says no architecture; "
                                "give the folder that holds its config.json"));
}

}  // namespace pano::nn
