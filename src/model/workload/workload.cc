#include "model/workload/workload.h"

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "base/env.h"
#include "base/json.h"
#include "base/strings.h"
#include "model/format/weights.h"
#include "model/nn/encoder/encoder.h"
#include "model/nn/encoder/encoder_family.h"
#include "model/nn/encoder/head_tensors.h"
#include "model/nn/families/family.h"
#include "model/nn/paged_state.h"
#include "model/nn/weights/tensor_inventory.h"
#include "model/tensor/tensor.h"
#include "model/workload/described_families.h"

namespace pano::workload {
namespace {

using planner::Part;
using planner::WorkloadSpec;
using planner::WorkloadTensor;

constexpr size_t kConfigBytesMax = 16u << 20;

Part PlannedPart(nn::TensorRole role) {
  switch (nn::PartOf(role)) {
    case nn::ModelPart::kEmbedding:
      return Part::kEmbedding;
    case nn::ModelPart::kNorms:
      return Part::kNorms;
    case nn::ModelPart::kAttention:
      return Part::kAttention;
    case nn::ModelPart::kFeedForward:
      return Part::kFeedForward;
    case nn::ModelPart::kExperts:
      return Part::kExperts;
    case nn::ModelPart::kHead:
      return Part::kHead;
    case nn::ModelPart::kOther:
      break;
  }
  return Part::kOther;
}

bool IsRouted(nn::TensorRole role) {
  return role == nn::TensorRole::kExpertGate || role == nn::TensorRole::kExpertUp || role == nn::TensorRole::kExpertDown;
}

WorkloadTensor ToTensor(const nn::TensorEntry& entry) {
  using Role = nn::TensorRole;
  WorkloadTensor out;
  out.part = PlannedPart(entry.role);
  out.layer = entry.layer;
  out.columns = entry.shape.back();
  for (size_t i = 0; i + 1 < entry.shape.size(); ++i) out.rows *= entry.shape[i];
  const bool weight = entry.part == nn::TensorPart::kWeight;
  const bool linear = entry.kind() == nn::TensorKind::kLinear;
  out.matrix = weight && entry.shape.size() == 2 && (linear || entry.kind() == nn::TensorKind::kTable);
  out.product = weight && entry.shape.size() == 2 && (linear || entry.linear);
  out.routed = IsRouted(entry.role);
  out.gate = entry.role == Role::kGate || entry.role == Role::kExpertGate;
  out.key_value = entry.role == Role::kKey || entry.role == Role::kValue;
  if (entry.shard != nn::ShardAxis::kNone) {
    const bool rows = entry.shard == nn::ShardAxis::kRows;
    out.shard = rows ? WorkloadTensor::Shard::kRows : WorkloadTensor::Shard::kColumns;
    out.shard_units = std::max<int64_t>(1, (rows ? entry.shape.front() : entry.shape.back()) / std::max<int64_t>(1, entry.shard_unit));
    // A query's unit is the heads that share a key; ranks beyond them have some of those heads.
    if (entry.role == Role::kQuery || entry.role == Role::kAttentionOutput) out.shard_units = rows ? entry.shape.front() : entry.shape.back();
  }
  return out;
}

// Entries of one layer that differ in their expert only become one.
void AddEntries(const std::vector<nn::TensorEntry>& entries, WorkloadSpec& spec) {
  for (const nn::TensorEntry& entry : entries) {
    if (entry.optional) continue;
    WorkloadTensor tensor = ToTensor(entry);
    if (entry.expert > 0 && !spec.tensors.empty()) {
      WorkloadTensor& last = spec.tensors.back();
      if (last.routed && last.layer == tensor.layer && last.rows == tensor.rows && last.columns == tensor.columns &&
          last.product == tensor.product) {
        ++last.count;
        continue;
      }
    }
    spec.tensors.push_back(tensor);
  }
}

void AddSizes(const nn::ModelConfig& c, WorkloadSpec& spec) {
  spec.layers = c.layer_count;
  spec.hidden = c.hidden_size;
  spec.heads = c.head_count;
  spec.kv_heads = c.kv_head_count;
  spec.query_dim = c.latent ? c.latent->nope_dim + c.latent->rope_dim : c.head_dim;
  spec.value_dim = c.value_size();
  spec.vocabulary = c.vocab_size;
  spec.context = c.context_length;
  spec.experts = c.experts.count;
  spec.experts_used = c.experts.used;
  spec.ffn = c.experts.count > 0 ? c.experts.used * c.experts.size + c.experts.shared_size : c.ffn_size;
}

// What the configuration says its weights are.
Result<planner::StorageType> TypeOfConfig(const json::Value& config) {
  // Weights of 8 bits, with few scales beside them (DeepSeek-V3). Smaller types hold some of a model's matrices only: 16
  // bits then, as none takes more.
  const json::Value* quantised = config.Find("quantization_config");
  const json::Value* method = quantised && quantised->is_object() ? quantised->Find("quant_method") : nullptr;
  if (method && *method == json::Value("fp8")) return StorageTypeByName("fp8");
  for (const char* key : {"torch_dtype", "dtype"}) {
    const json::Value* value = config.Find(key);
    if (!value || !value->is_string()) continue;
    const std::string& name = value->as_string();
    if (name == "float32") return StorageTypeByName("f32");
    if (name == "float16") return StorageTypeByName("f16");
  }
  return StorageTypeByName("bf16");
}

Result<WorkloadSpec> FromEncoder(const format::ModelFiles& files) {
  PANO_ASSIGN_OR_RETURN(const encoder::EncoderConfig config, encoder::ReadEncoderConfig(files));
  WorkloadSpec spec;
  spec.name = config.architecture;
  for (const auto* tower : {&config.text, &config.image, &config.decoder}) {
    if (!*tower) continue;
    PANO_ASSIGN_OR_RETURN(const auto entries, nn::DescribeStack((*tower)->model));
    AddEntries(entries, spec);
    if (spec.layers == 0) AddSizes((*tower)->model, spec);
  }
  if (config.max_length > 0) spec.context = config.max_length;
  std::set<std::string> seen;   // heads may share tensors
  for (const encoder::HeadConfig& head : config.heads) {
    const auto& tower = head.tower == encoder::TowerKind::kText ? config.text
                        : head.tower == encoder::TowerKind::kImage ? config.image : config.decoder;
    if (!tower) continue;
    for (const encoder::HeadTensor& tensor : encoder::DescribeHead(head, tower->model)) {
      if (!seen.insert(tensor.name).second) continue;
      WorkloadTensor out;
      out.part = Part::kHead;
      out.columns = tensor.shape.back();
      if (tensor.shape.size() == 2) out.rows = tensor.shape.front();
      out.matrix = out.product = tensor.shape.size() == 2;
      spec.tensors.push_back(out);
    }
  }
  return spec;
}

// Of the files' weights: their bytes, and the type that most of them are in.
Status AddStored(const format::ModelFiles& files, WorkloadSpec& spec) {
  std::map<tensor::DType, int64_t> bytes;
  int64_t sum = 0;
  for (const std::string& name : files.weights->Names()) {
    const tensor::TensorView& view = *files.weights->Find(name);
    bytes[view.dtype] += static_cast<int64_t>(view.bytes);
    sum += static_cast<int64_t>(view.bytes);
  }
  spec.stored_bytes = sum;
  if (bytes.empty()) return {};
  const auto most = std::max_element(bytes.begin(), bytes.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  const tensor::DTypeInfo& info = tensor::Describe(most->first);
  spec.type = {ToLower(info.name), static_cast<int64_t>(info.block_elements), static_cast<int64_t>(info.block_bytes)};
  return {};
}

}  // namespace

Result<planner::StorageType> StorageTypeByName(std::string_view name) {
  if (name == "fp8" || name == "int8") return planner::StorageType{std::string(name), 1, 1};
  std::string upper;
  for (char c : name) upper += static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  std::optional<tensor::DType> type = tensor::DTypeByName(upper);
  for (size_t i = 0; !type && i < tensor::kDTypeCount; ++i) {   // "Q4GX16" and the like, whatever the case
    if (ToLower(tensor::Describe(static_cast<tensor::DType>(i)).name) == ToLower(name)) type = static_cast<tensor::DType>(i);
  }
  if (!type || type == tensor::DType::kBool) {
    return InvalidArgument(StrCat("'", Printable(name), "' is no type of weights; there are f32, f16, bf16, fp8, int8, q4_0, q4_1, q5_0, "
                                  "q5_1, q8_0, q2_k to q6_k, iq4_nl, iq4_xs, mxfp4 and GGUF's others"));
  }
  const tensor::DTypeInfo& info = tensor::Describe(*type);
  return planner::StorageType{ToLower(info.name), static_cast<int64_t>(info.block_elements), static_cast<int64_t>(info.block_bytes)};
}

Result<WorkloadSpec> FromDecoder(const nn::ModelConfig& config) {
  PANO_ASSIGN_OR_RETURN(const std::vector<nn::TensorEntry> entries, nn::DescribeTensors(config));
  WorkloadSpec spec;
  spec.name = config.architecture;
  AddEntries(entries, spec);
  AddSizes(config, spec);
  const nn::StatePlan plan = nn::PlanState(config, nn::KvType::kF32);
  for (const nn::PagedGroup& group : plan.groups) {
    spec.kv.push_back({group.layer_count, group.window, group.kv_head_count, group.key_dim, group.value_dim});
  }
  return spec;
}

Result<WorkloadSpec> FromFiles(const format::ModelFiles& files) {
  WorkloadSpec spec;
  if (encoder::IsEncoder(files)) {
    PANO_ASSIGN_OR_RETURN(spec, FromEncoder(files));
  } else if (IsDescribedFamily(files.config)) {
    PANO_ASSIGN_OR_RETURN(spec, FromDescribedFamily(files.config, files.path));
  } else {
    PANO_ASSIGN_OR_RETURN(const nn::FamilyConfig family, nn::ReadFamilyConfig(files));
    PANO_ASSIGN_OR_RETURN(spec, FromDecoder(family.config).Wrap(files.path));
  }
  spec.source = files.path;
  if (files.weights) {
    PANO_RETURN_IF_ERROR(AddStored(files, spec));
  } else {
    PANO_ASSIGN_OR_RETURN(spec.type, TypeOfConfig(files.config));
  }
  PANO_RETURN_IF_ERROR(planner::CheckWorkload(spec));
  return spec;
}

Result<WorkloadSpec> FromConfig(const json::Value& config, const std::string& source) {
  if (!config.is_object()) return Corruption(StrCat(source, ": expected an object, found ", config.kind()));
  format::ModelFiles files;
  files.path = source;
  files.config = config;
  Result<WorkloadSpec> spec = FromFiles(files);
  if (spec.ok() || !source.ends_with(".json")) return spec;
  // Readers of families take the path for a folder's.
  std::string message = spec.error().message();
  const std::string wrong = StrCat(source, "/config.json");
  if (const size_t at = message.find(wrong); at != message.npos) message.replace(at, wrong.size(), source);
  return Status(spec.error().code(), message);
}

Result<WorkloadSpec> ReadWorkload(const std::string& path) {
  const bool folder = IsDirectory(path);
  if (!folder && !FileExists(path)) {
    if (!LooksLikeShape(path)) {
      return NotFound(StrCat(Printable(path, 400), ": no model folder, file or config.json stands there, and it is no shape as 7B "
                             "or layers=32,hidden=4096,heads=32"));
    }
    PANO_ASSIGN_OR_RETURN(const json::Value config, ShapeConfig(path));
    return FromConfig(config, path);
  }
  std::string config_path = path;
  if (folder) {
    config_path = JoinPath(path, "config.json");
    const bool weights = FileExists(JoinPath(path, "model.safetensors")) || FileExists(JoinPath(path, "model.safetensors.index.json"));
    if (weights || !FileExists(config_path)) config_path.clear();
  } else if (!path.ends_with(".json")) {
    config_path.clear();
  }
  if (config_path.empty()) {
    PANO_ASSIGN_OR_RETURN(const format::ModelFiles files, format::OpenModel(path));
    return FromFiles(files);
  }
  PANO_ASSIGN_OR_RETURN(const std::string text, ReadFile(config_path, kConfigBytesMax).Wrap(config_path));
  PANO_ASSIGN_OR_RETURN(const json::Value config, json::Parse(text, {.allow_nan = true}).Wrap(config_path));
  return FromConfig(config, folder ? path : config_path);
}

}  // namespace pano::workload
