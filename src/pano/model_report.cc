#include "pano/model_report.h"

#include <algorithm>
#include <map>
#include <optional>

#include "base/strings.h"
#include "model/nn/encoder/encoder_family.h"
#include "model/nn/families/family.h"
#include "model/nn/paged_state.h"
#include "model/nn/rope_table.h"
#include "model/tokenizer/formats/load.h"
#include "model/tokenizer/tokenizer.h"
#include "pano/local_model.h"

namespace pano::cli {
namespace {

const char* KindName(format::ModelFiles::Kind kind) {
  switch (kind) {
    case format::ModelFiles::Kind::kHuggingFace:
      return "huggingface";
    case format::ModelFiles::Kind::kGguf:
      return "gguf";
    case format::ModelFiles::Kind::kSafetensors:
      return "safetensors";
  }
  return "";
}

json::Value ShapeJson(const tensor::Shape& shape) {
  json::Value out = json::Array();
  for (int64_t size : shape) out.Append(size);
  return out;
}

// "model.layers.3.mlp.experts.7.w1.weight" without its numbers:
// "model.layers.{}.mlp.experts.{}.w1".
std::string Pattern(std::string_view name) {
  std::string out;
  while (!name.empty()) {
    const size_t dot = std::min(name.find('.'), name.size());
    const std::string_view part = name.substr(0, dot);
    const bool number = !part.empty() && part.find_first_not_of("0123456789") == part.npos;
    const bool last = dot == name.size();
    name.remove_prefix(std::min(dot + 1, name.size()));
    if (last && (part == "weight" || part == "bias")) break;
    if (!out.empty()) out += '.';
    out += number || part == "{e}" ? "{}" : part;
  }
  return out;
}

// Which part of a model each pattern of names belongs to.
using PartMap = std::map<std::string, std::string>;

std::string_view PartName(nn::ModelPart part) {
  switch (part) {
    case nn::ModelPart::kEmbedding:
      return "embedding";
    case nn::ModelPart::kNorms:
      return "norms";
    case nn::ModelPart::kAttention:
      return "attention";
    case nn::ModelPart::kFeedForward:
      return "feed_forward";
    case nn::ModelPart::kExperts:
      return "experts";
    case nn::ModelPart::kHead:
      return "head";
    case nn::ModelPart::kOther:
      break;
  }
  return "other";
}

void AddParts(const nn::WeightNames& names, std::string_view optional_prefix, PartMap& parts) {
  auto add = [&](nn::ModelPart part, const char* pattern) {
    if (!pattern) return;
    for (std::string_view one : Split(pattern, '|')) {
      const std::string name = Pattern(one);
      parts[name] = PartName(part);
      if (!optional_prefix.empty() && name.starts_with(optional_prefix)) {
        parts[name.substr(optional_prefix.size())] = PartName(part);
      }
    }
  };
  for (size_t i = 0; i < nn::kTensorRoleCount; ++i) {
    const auto role = static_cast<nn::TensorRole>(i);
    add(nn::PartOf(role), nn::NameOf(names, role));
  }
  add(nn::ModelPart::kAttention, names.qkv);
  add(nn::ModelPart::kFeedForward, names.gate_up);
}

// Parameters in all and by part, bytes by type; with `list` each tensor.
void AddWeights(const format::ModelFiles& files, const PartMap& parts, bool list,
                json::Value& out) {
  int64_t parameters = 0;
  std::map<std::string, int64_t> bytes, by_part;
  json::Value tensors = json::Array();
  for (const std::string& name : files.weights->Names()) {
    const tensor::TensorView& view = *files.weights->Find(name);
    const std::string type(tensor::Describe(view.dtype).name);
    parameters += view.elements();
    bytes[type] += static_cast<int64_t>(view.bytes);
    if (const auto part = parts.find(Pattern(name)); part != parts.end()) {
      by_part[part->second] += view.elements();
    } else {
      by_part["other"] += view.elements();
    }
    if (!list) continue;
    json::Value entry;
    entry.Set("name", name);
    entry.Set("type", type);
    entry.Set("shape", ShapeJson(view.shape));
    entry.Set("bytes", static_cast<int64_t>(view.bytes));
    tensors.Append(std::move(entry));
  }
  out.Set("parameters", parameters);
  json::Value& members = out.Set("parameters_by_part", json::Object());
  for (const auto& [part, count] : by_part) members.Set(part, count);
  out.Set("file_bytes", static_cast<int64_t>(files.weights->FileBytes()));
  json::Value& types = out.Set("bytes_by_type", json::Object());
  for (const auto& [type, count] : bytes) types.Set(type, count);
  if (list) out.Set("tensors", std::move(tensors));
}

// A count of bytes prints as an integer as long as it can be one.
json::Value WholeNumber(double count) {
  if (count < 9e18) return static_cast<int64_t>(count);
  return count;
}

// What is kept in memory at a context and batch: weights, keys and values. Window layers keep what
// they see, in whole blocks.
void AddMemory(const ReportOptions& options, const nn::ModelConfig& c, int64_t weight_bytes,
               bool wide, json::Value& out) {
  const std::string kv_type = options.kv_type != "auto" ? options.kv_type : wide ? "f32" : "f16";
  const nn::StatePlan plan = nn::PlanState(c, *KvTypeByName(kv_type));
  const int64_t context = options.context > 0 ? options.context : c.context_length;
  int64_t per_token = 0;
  double kv_bytes = 0;  // a claimed context times a claimed batch may be beyond 64 bits
  for (const nn::PagedGroup& group : plan.groups) {
    const auto per_block = static_cast<int64_t>(group.bytes_per_block());
    int64_t blocks = context / nn::kBlockTokens + (context % nn::kBlockTokens != 0);
    if (group.window > 0) blocks = std::min(blocks, group.window / nn::kBlockTokens + 2);
    per_token += per_block / nn::kBlockTokens;
    kv_bytes += static_cast<double>(blocks) * static_cast<double>(per_block) *
                static_cast<double>(options.batch);
  }
  json::Value& memory = out.Set("memory", json::Object());
  memory.Set("context", context);
  memory.Set("batch", options.batch);
  memory.Set("kv_type", kv_type);
  memory.Set("kv_bytes_per_token", per_token);
  memory.Set("weight_bytes", weight_bytes);
  memory.Set("kv_bytes", WholeNumber(kv_bytes));
  memory.Set("total_bytes", WholeNumber(kv_bytes + static_cast<double>(weight_bytes)));
}

void AddRope(const nn::ModelConfig& c, json::Value& out) {
  json::Value& rope = out.Set("rope", json::Object());
  rope.Set("theta", c.rope.theta);
  rope.Set("dim", c.rope.dim);
  rope.Set("scaling", nn::ScalingName(c.rope.scaling));
  if (c.rope.scaling != nn::RopeConfig::Scaling::kNone) {
    rope.Set("factor", c.rope.factor);
    rope.Set("original_context", c.rope.original_context);
  }
  const bool local = std::ranges::any_of(c.layers, [](const nn::LayerConfig& layer) {
    return layer.rope == nn::LayerConfig::Rope::kLocal;
  });
  if (local) rope.Set("local_theta", c.local_rope.theta);
}

// A number, or a list with one for each layer where they differ.
json::Value KvHeads(const nn::ModelConfig& c) {
  json::Array heads;
  for (size_t i = 0; i < c.layers.size(); ++i) heads.emplace_back(c.kv_heads(i));
  const bool differ = std::ranges::any_of(heads, [&](const auto& h) { return !(h == heads[0]); });
  return differ ? json::Value(std::move(heads)) : json::Value(c.kv_head_count);
}

void AddLayers(const nn::ModelConfig& c, json::Value& out) {
  out.Set("layers", c.layer_count);
  out.Set("hidden_size", c.hidden_size);
  out.Set("heads", c.head_count);
  out.Set("kv_heads", KvHeads(c));
  out.Set("head_dim", c.head_dim);
  out.Set("ffn_size", c.ffn_size);
  out.Set("vocab_size", c.vocab_size);
  out.Set("context", c.context_length);
  int64_t window = 0, sliding = 0, mixed = 0;
  for (const nn::LayerConfig& layer : c.layers) {
    sliding += layer.window > 0;
    mixed += layer.experts;
    window = std::max(window, layer.window);
  }
  if (sliding > 0) {
    out.Set("sliding_window", window);
    out.Set("sliding_layers", sliding);
  }
  if (mixed > 0) {
    out.Set("experts", c.experts.count);
    out.Set("experts_used", c.experts.used);
    out.Set("expert_layers", mixed);
  }
  if (c.latent) out.Set("latent_rank", c.latent->kv_rank);
  if (c.rope.dim > 0) AddRope(c, out);
}

void AddWarnings(const std::vector<std::string>& warnings, json::Value& out) {
  json::Value list = json::Array();
  for (const std::string& warning : warnings) list.Append(warning);
  out.Set("warnings", std::move(list));
}

void AddDecoder(const nn::FamilyConfig& family, PartMap& parts, json::Value& out) {
  out.Set("architecture", family.config.architecture);
  AddLayers(family.config, out);
  out.Set("tied_embeddings", family.config.tied_embeddings);
  AddWarnings(family.config.warnings, out);
  AddParts(family.names, family.names.optional_prefix, parts);
}

void AddEncoder(const encoder::EncoderConfig& c, PartMap& parts, json::Value& out) {
  out.Set("architecture", c.architecture);
  out.Set("task", encoder::TaskName(c.task));
  if (!c.pooling.empty()) out.Set("pooling", c.pooling);
  if (!c.labels.empty()) out.Set("labels", static_cast<int64_t>(c.labels.size()));
  if (c.max_length > 0) out.Set("context", c.max_length);
  auto tower = [&](const char* name, const std::optional<encoder::TowerConfig>& config) {
    if (!config) return;
    AddLayers(config->model, out.Set(name, json::Object()));
    AddParts(config->names, c.optional_prefix, parts);
  };
  tower("text", c.text);
  tower("image", c.image);
  tower("decoder", c.decoder);
  AddWarnings(c.warnings, out);
}

void AddTokenizer(const format::ModelFiles& files, json::Value& out) {
  auto tokenizer = tokenizer::LoadTokenizer(files);
  out.Set("tokenizer_vocab_size",
          tokenizer.ok() ? json::Value(int64_t{(*tokenizer)->vocab_size()}) : json::Value());
  if (!tokenizer.ok()) {
    const bool none = tokenizer.error().code() == StatusCode::kNotFound;
    if (!none) out.Set("tokenizer_error", tokenizer.error().message());
    return;
  }
  auto piece = [&](const char* key, std::optional<tokenizer::TokenId> id) {
    if (id) out.Set(key, StrCat(Printable((*tokenizer)->Piece(*id)), " (", *id, ")"));
  };
  piece("bos_token", (*tokenizer)->bos());
  piece("eos_token", (*tokenizer)->eos());
}

void AddDifference(const json::Value& a, const json::Value& b, json::Value& out) {
  out.Set("a", a);
  out.Set("b", b);
}

// Members that differ, nested ones by "outer.inner".
void CompareMembers(const json::Value& a, const json::Value& b, const std::string& prefix,
                    json::Value& out) {
  auto visit = [&](const std::string& key, const json::Value* left, const json::Value* right) {
    if (left && right && *left == *right) return;
    if (left && right && left->is_object() && right->is_object()) {
      CompareMembers(*left, *right, prefix + key + ".", out);
      return;
    }
    AddDifference(left ? *left : json::Value(), right ? *right : json::Value(),
                  out.Set(prefix + key, json::Object()));
  };
  for (const auto& [key, member] : a.as_object()) visit(key, &member, b.Find(key));
  for (const auto& [key, member] : b.as_object()) {
    if (!a.Find(key)) visit(key, nullptr, &member);
  }
}

std::string TensorText(const tensor::TensorView& view) {
  return StrCat(tensor::Describe(view.dtype).name, " ", tensor::ShapeText(view.shape));
}

}  // namespace

json::Value DescribeModel(const format::ModelFiles& files, const ReportOptions& options) {
  json::Value out;
  out.Set("path", files.path);
  out.Set("format", KindName(files.kind));
  PartMap parts;
  if (files.kind == format::ModelFiles::Kind::kSafetensors) {
    AddWeights(files, parts, options.tensors, out);
    return out;
  }
  std::optional<nn::ModelConfig> decoder;
  // An unsupported model's files are sound; only running it is out of reach. Both are worth
  // knowing.
  if (encoder::IsEncoder(files)) {
    auto config = encoder::ReadEncoderConfig(files);
    if (config.ok()) AddEncoder(*config, parts, out);
    if (!config.ok()) out.Set("unsupported", config.error().message());
  } else {
    auto family = nn::ReadFamilyConfig(files);
    if (family.ok()) AddDecoder(*family, parts, out);
    if (!family.ok()) out.Set("unsupported", family.error().message());
    if (family.ok()) decoder = std::move(family->config);
  }
  AddWeights(files, parts, options.tensors, out);
  if (decoder) {
    const std::vector<std::string> names = files.weights->Names();
    const bool wide = std::all_of(names.begin(), names.end(), [&](const std::string& name) {
      return files.weights->Find(name)->dtype == tensor::DType::kF32;
    });
    AddMemory(options, *decoder, static_cast<int64_t>(files.weights->FileBytes()), wide, out);
  }
  AddTokenizer(files, out);
  out.Set("chat_template", !files.chat_template.empty());
  return out;
}

json::Value CompareModels(const format::ModelFiles& a, const format::ModelFiles& b,
                          const ReportOptions& options) {
  ReportOptions plain = options;
  plain.tensors = false;
  json::Value out;
  CompareMembers(DescribeModel(a, plain), DescribeModel(b, plain), "",
                 out.Set("fields", json::Object()));
  json::Value only_a = json::Array(), only_b = json::Array(), values = json::Array();
  json::Value kinds = json::Object();
  int64_t equal = 0;
  for (const std::string& name : a.weights->Names()) {
    const tensor::TensorView& left = *a.weights->Find(name);
    const tensor::TensorView* right = b.weights->Find(name);
    if (!right) {
      only_a.Append(name);
    } else if (left.dtype != right->dtype || left.shape != right->shape) {
      AddDifference(TensorText(left), TensorText(*right), kinds.Set(name, json::Object()));
    } else if (!std::equal(left.data, left.data + left.bytes, right->data)) {
      values.Append(name);
    } else {
      ++equal;
    }
  }
  for (const std::string& name : b.weights->Names()) {
    if (!a.weights->Find(name)) only_b.Append(name);
  }
  json::Value& tensors = out.Set("tensors", json::Object());
  tensors.Set("equal", equal);
  tensors.Set("only_a", std::move(only_a));
  tensors.Set("only_b", std::move(only_b));
  tensors.Set("other_type_or_shape", std::move(kinds));
  tensors.Set("other_values", std::move(values));
  return out;
}

}  // namespace pano::cli
