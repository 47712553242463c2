#include "model/nn/load.h"

#include "base/strings.h"
#include "base/threads.h"
#include "model/format/gguf_end_tokens.h"
#include "model/format/weights.h"
#include "model/nn/decoder.h"
#include "model/nn/weights/tensor_parallel.h"

namespace pano::nn {

Result<std::unique_ptr<Model>> LoadModel(const format::ModelFiles& files,
                                         const LoadOptions& options, ComputePool& pool) {
  PANO_ASSIGN_OR_RETURN(FamilyConfig family, ReadFamilyConfig(files));
  PANO_ASSIGN_OR_RETURN(DecoderWeights weights, BindWeights(files, family));
  if (options.communicator) {
    PANO_RETURN_IF_ERROR(KeepRank(options.communicator->rank(), options.communicator->size(),
                                  family.config, weights)
                             .Wrap(files.path));
  }
  const bool wide = options.compute == Compute::kF32 ||
                    weights.layers.front().o.weight.dtype == tensor::DType::kF32;
  const KvType kv_type = options.kv_type.value_or(wide ? KvType::kF32 : KvType::kF16);
  if (options.compute == Compute::kFast) {
    PANO_RETURN_IF_ERROR(PackWeights(weights, files.weights.get(), pool, options.progress).status());
  }
  std::unique_ptr<ops::OpContext> ops;
  if (options.device) {
    PANO_ASSIGN_OR_RETURN(auto operators, ops::CreateOperators(options.device, options.compute));
    ops = std::make_unique<ops::OpContext>(std::move(operators), pool, options.communicator);
  } else {
    ops = ops::CreateCpuContext(options.compute, pool, options.communicator);
  }
  return std::unique_ptr<Model>(std::make_unique<Decoder>(
      std::move(family.config), std::move(weights), kv_type, std::move(ops)));
}

namespace {

void AddIds(const json::Value* value, std::vector<TokenId>& ids) {
  if (!value) return;
  auto add = [&](const json::Value& id) {
    if (!id.is_int() || id.as_int() < 0 || id.as_int() > INT32_MAX) return;
    auto token = static_cast<TokenId>(id.as_int());
    for (TokenId known : ids) {
      if (known == token) return;
    }
    ids.push_back(token);
  };
  if (value->is_array()) {
    for (const json::Value& id : value->as_array()) add(id);
  } else {
    add(*value);
  }
}

}  // namespace

SpecialTokens ReadSpecialTokens(const format::ModelFiles& files) {
  SpecialTokens special;
  std::vector<TokenId> begin;
  if (files.kind == format::ModelFiles::Kind::kGguf) {
    AddIds(files.metadata.Find("tokenizer.ggml.bos_token_id"), begin);
    special.end = format::GgufEndTokens(files.metadata);
  } else {
    AddIds(files.generation_config.Find("bos_token_id"), begin);
    AddIds(files.config.Find("bos_token_id"), begin);
    AddIds(files.generation_config.Find("eos_token_id"), special.end);
    AddIds(files.config.Find("eos_token_id"),
           special.end.empty() ? special.end : special.config_end);
  }
  if (!begin.empty()) special.begin = begin.front();
  return special;
}

GenerationDefaults ReadGenerationDefaults(const format::ModelFiles& files) {
  GenerationDefaults defaults;
  const json::Value& source = files.generation_config;
  // do_sample: false means greedy, whatever temperature stands beside it.
  const json::Value* sample = source.Find("do_sample");
  if (sample && sample->is_bool() && !sample->as_bool()) {
    defaults.temperature = 0.0;
    return defaults;
  }
  auto number = [&](const char* key, std::optional<double>& to, double min, double max) {
    const json::Value* value = source.Find(key);
    if (value && value->is_number() && value->as_double() >= min && value->as_double() <= max) {
      to = value->as_double();
    }
  };
  auto integer = [&](const char* key, std::optional<int64_t>& to) {
    const json::Value* value = source.Find(key);
    if (value && value->is_int() && value->as_int() >= 0 && value->as_int() <= INT32_MAX) {
      to = value->as_int();
    }
  };
  number("temperature", defaults.temperature, 0.0, 100.0);
  number("top_p", defaults.top_p, 1e-6, 1.0);
  number("min_p", defaults.min_p, 0.0, 1.0);
  number("typical_p", defaults.typical_p, 1e-6, 1.0);
  number("repetition_penalty", defaults.repetition_penalty, 1e-3, 1e3);
  integer("top_k", defaults.top_k);
  integer("max_new_tokens", defaults.max_tokens);
  return defaults;
}

}  // namespace pano::nn
