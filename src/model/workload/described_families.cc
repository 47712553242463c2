#include "model/workload/described_families.h"

#include <span>
#include <string_view>

#include "base/strings.h"
#include "model/format/weights.h"
#include "model/nn/families/family.h"
#include "model/workload/workload.h"

namespace pano::workload {
namespace {

using planner::Part;
using planner::WorkloadSpec;
using planner::WorkloadTensor;
using Shard = WorkloadTensor::Shard;

struct DescribedFamily {
  std::string_view name;
  std::string_view nearest;                    // whose inventory has nearly all of its tensors
  std::span<const std::string_view> fields;    // that both have, of the same meaning
  void (*add)(const nn::ModelConfig& nearest, const json::Value& config, WorkloadSpec& spec);
};

WorkloadTensor Vector(Part part, int64_t layer, int64_t size) {
  WorkloadTensor out;
  out.part = part;
  out.layer = static_cast<int32_t>(layer);
  out.columns = size;
  return out;
}

// The bias that keeps experts balanced without a loss of its own, one number an expert.
void AddRouterBias(const nn::ModelConfig& c, const json::Value&, WorkloadSpec& spec) {
  for (int64_t i = 0; i < c.layer_count; ++i) {
    if (c.layers[static_cast<size_t>(i)].experts) spec.tensors.push_back(Vector(Part::kExperts, i, c.experts.count));
  }
}

// Biases of every matrix of a layer, and a learned score a head that takes what attention gives to nothing.
void AddSinksAndBiases(const nn::ModelConfig& c, const json::Value& config, WorkloadSpec& spec) {
  const json::Value* field = config.Find("attention_bias");
  const bool attention_bias = !field || !field->is_bool() || field->as_bool();
  for (int64_t i = 0; i < c.layer_count; ++i) {
    auto add = [&](Part part, int64_t size, Shard shard, int64_t units, bool key_value = false) {
      WorkloadTensor tensor = Vector(part, i, size);
      tensor.shard = shard;
      tensor.shard_units = units;
      tensor.key_value = key_value;
      spec.tensors.push_back(tensor);
    };
    if (attention_bias) {
      add(Part::kAttention, c.head_count * c.head_dim, Shard::kColumns, c.head_count);
      add(Part::kAttention, c.kv_head_count * c.head_dim, Shard::kColumns, c.kv_head_count, true);
      add(Part::kAttention, c.kv_head_count * c.value_size(), Shard::kColumns, c.kv_head_count, true);
      add(Part::kAttention, c.hidden_size, Shard::kNone, 1);
    }
    add(Part::kAttention, c.head_count, Shard::kColumns, c.head_count);
    add(Part::kExperts, c.experts.count, Shard::kNone, 1);
    for (const int64_t size : {c.experts.size, c.experts.size, c.hidden_size}) {
      add(Part::kExperts, size, Shard::kNone, 1);
      spec.tensors.back().count = c.experts.count;
      spec.tensors.back().routed = true;
    }
  }
}

constexpr std::string_view kLatentFields[] = {
    "vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads",
    "max_position_embeddings", "tie_word_embeddings", "attention_bias", "q_lora_rank", "kv_lora_rank", "qk_nope_head_dim",
    "qk_rope_head_dim", "v_head_dim", "moe_intermediate_size", "n_routed_experts", "n_shared_experts", "num_experts_per_tok",
    "first_k_dense_replace", "moe_layer_freq"};

constexpr std::string_view kSinkFields[] = {
    "vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "head_dim",
    "max_position_embeddings", "tie_word_embeddings", "sliding_window", "layer_types", "num_local_experts", "num_experts_per_tok"};

constexpr DescribedFamily kFamilies[] = {
    {"deepseek_v3", "deepseek_v2", kLatentFields, AddRouterBias},
    {"kimi_k2", "deepseek_v2", kLatentFields, AddRouterBias},
    {"gpt_oss", "mixtral", kSinkFields, AddSinksAndBiases},
};

const DescribedFamily* Find(const json::Value& config) {
  if (!config.is_object()) return nullptr;
  const json::Value* type = config.Find("model_type");
  if (!type || !type->is_string()) return nullptr;
  for (const DescribedFamily& family : kFamilies) {
    if (family.name == type->as_string()) return &family;
  }
  return nullptr;
}

}  // namespace

bool IsDescribedFamily(const json::Value& config) { return Find(config) != nullptr; }

Result<WorkloadSpec> FromDescribedFamily(const json::Value& config, const std::string& source) {
  const DescribedFamily& family = *Find(config);
  format::ModelFiles files;
  files.path = source;
  files.config.Set("model_type", std::string(family.nearest));
  for (const std::string_view field : family.fields) {
    if (const json::Value* value = config.Find(field)) files.config.Set(std::string(field), *value);
  }
  PANO_ASSIGN_OR_RETURN(const nn::FamilyConfig nearest, nn::ReadFamilyConfig(files));
  PANO_ASSIGN_OR_RETURN(WorkloadSpec spec, FromDecoder(nearest.config).Wrap(source));
  family.add(nearest.config, config, spec);
  spec.name = family.name;
  spec.note = StrCat("bytes and operations of ", family.name, " are counted; pano serve does not run that family yet");
  return spec;
}

}  // namespace pano::workload
