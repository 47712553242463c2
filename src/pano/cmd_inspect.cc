#include <algorithm>
#include <cstdio>

#include "base/json.h"
#include "base/strings.h"
#include "model/nn/family.h"
#include "model/nn/load.h"
#include "model/nn/paged_state.h"
#include "model/tokenizer/tokenizer.h"
#include "pano/cli.h"

namespace pano::cli {
namespace {

struct InspectOptions {
  int64_t context = 0, batch = 1;
  std::string kv_type = "auto";
  bool tensors = false, json = false;
};

const char* KindName(format::ModelFiles::Kind kind) {
  switch (kind) {
    case format::ModelFiles::Kind::kHuggingFace: return "huggingface";
    case format::ModelFiles::Kind::kGguf: return "gguf";
    case format::ModelFiles::Kind::kSafetensors: return "safetensors";
  }
  return "";
}

json::Value ShapeJson(const tensor::Shape& shape) {
  json::Value out = json::Array();
  for (int64_t size : shape) out.Append(size);
  return out;
}

// Parameters in all and bytes by type; with `tensors` each one.
void AddWeights(const format::ModelFiles& files, bool tensors, json::Value& out) {
  int64_t parameters = 0;
  std::map<std::string, int64_t> bytes;
  json::Value list = json::Array();
  for (const std::string& name : files.weights->Names()) {
    const tensor::TensorView& view = *files.weights->Find(name);
    const std::string type(tensor::Describe(view.dtype).name);
    parameters += view.elements();
    bytes[type] += static_cast<int64_t>(view.bytes);
    if (!tensors) continue;
    json::Value entry;
    entry.Set("name", name);
    entry.Set("type", type);
    entry.Set("shape", ShapeJson(view.shape));
    entry.Set("bytes", static_cast<int64_t>(view.bytes));
    list.Append(std::move(entry));
  }
  out.Set("parameters", parameters);
  out.Set("file_bytes", static_cast<int64_t>(files.weights->FileBytes()));
  json::Value& types = out.Set("bytes_by_type", json::Object());
  for (const auto& [type, count] : bytes) types.Set(type, count);
  if (tensors) out.Set("tensors", std::move(list));
}

const char* RopeName(nn::RopeConfig::Scaling scaling) {
  switch (scaling) {
    case nn::RopeConfig::Scaling::kNone: return "none";
    case nn::RopeConfig::Scaling::kLinear: return "linear";
    case nn::RopeConfig::Scaling::kLlama3: return "llama3";
  }
  return "";
}

// What a decoder keeps in memory at a context and batch: weights, and keys and values.
void AddMemory(const InspectOptions& options, const nn::ModelConfig& c, int64_t weight_bytes,
               bool wide, json::Value& out) {
  nn::PagedState::Shape kv{static_cast<int>(c.layer_count), static_cast<int>(c.kv_head_count),
                           static_cast<int>(c.head_dim),
                           (options.kv_type == "auto" ? wide : options.kv_type == "f32")
                               ? nn::KvType::kF32
                               : nn::KvType::kF16};
  const int64_t context = options.context > 0 ? options.context : c.context_length;
  const int64_t blocks = (context + nn::kBlockTokens - 1) / nn::kBlockTokens;
  const auto per_block = static_cast<int64_t>(kv.bytes_per_block());
  json::Value& memory = out.Set("memory", json::Object());
  memory.Set("context", context);
  memory.Set("batch", options.batch);
  memory.Set("kv_type", kv.type == nn::KvType::kF32 ? "f32" : "f16");
  memory.Set("kv_bytes_per_token", per_block / nn::kBlockTokens);
  // In double: a claimed context times a claimed batch may be beyond 64 bits.
  const double kv_bytes = static_cast<double>(blocks) * static_cast<double>(per_block) *
                          static_cast<double>(options.batch);
  memory.Set("weight_bytes", weight_bytes);
  memory.Set("kv_bytes", kv_bytes);
  memory.Set("total_bytes", kv_bytes + static_cast<double>(weight_bytes));
}

void AddConfig(const nn::ModelConfig& c, json::Value& out) {
  out.Set("architecture", c.architecture);
  out.Set("layers", c.layer_count);
  out.Set("hidden_size", c.hidden_size);
  out.Set("heads", c.head_count);
  out.Set("kv_heads", c.kv_head_count);
  out.Set("head_dim", c.head_dim);
  out.Set("ffn_size", c.ffn_size);
  out.Set("vocab_size", c.vocab_size);
  out.Set("context", c.context_length);
  out.Set("tied_embeddings", c.tied_embeddings);
  json::Value& rope = out.Set("rope", json::Object());
  rope.Set("theta", c.rope.theta);
  rope.Set("dim", c.rope.dim);
  rope.Set("scaling", RopeName(c.rope.scaling));
  json::Value warnings = json::Array();
  for (const std::string& warning : c.warnings) warnings.Append(warning);
  out.Set("warnings", std::move(warnings));
}

Result<json::Value> Describe(const std::string& path, const InspectOptions& options) {
  PANO_ASSIGN_OR_RETURN(format::ModelFiles files, format::OpenModel(path));
  json::Value out;
  out.Set("path", path);
  out.Set("format", KindName(files.kind));
  AddWeights(files, options.tensors, out);
  if (files.kind == format::ModelFiles::Kind::kSafetensors) return out;
  auto family = nn::ReadFamilyConfig(files);
  if (!family.ok()) {
    // The file is sound; only running it is out of reach. Both are worth knowing.
    out.Set("unsupported", family.error().message());
  } else {
    AddConfig(family->config, out);
    const std::vector<std::string> names = files.weights->Names();
    const bool wide = std::all_of(names.begin(), names.end(), [&](const std::string& name) {
      return files.weights->Find(name)->dtype == tensor::DType::kF32;
    });
    AddMemory(options, family->config, static_cast<int64_t>(files.weights->FileBytes()), wide, out);
  }
  auto tokenizer = tokenizer::LoadTokenizer(files);
  out.Set("tokenizer_vocab_size",
          tokenizer.ok() ? json::Value(int64_t{(*tokenizer)->vocab_size()}) : json::Value());
  if (!tokenizer.ok()) out.Set("tokenizer_error", tokenizer.error().message());
  out.Set("chat_template", !files.chat_template.empty());
  return out;
}

// "label  value" lines; numbers of bytes also in units.
void PrintText(const json::Value& value, const std::string& indent) {
  for (const auto& [key, member] : value.as_object()) {
    if (member.is_object()) {
      std::printf("%s%s\n", indent.c_str(), key.c_str());
      PrintText(member, indent + "  ");
      continue;
    }
    if (key == "tensors") {
      for (const json::Value& tensor : member.as_array()) {
        std::printf("%s%-48s %-5s %s\n", indent.c_str(), tensor.Find("name")->as_string().c_str(),
                    tensor.Find("type")->as_string().c_str(),
                    json::Dump(*tensor.Find("shape")).c_str());
      }
      continue;
    }
    if (member.is_array()) {
      for (const json::Value& item : member.as_array()) {
        std::printf("%s%-22s %s\n", indent.c_str(), key.c_str(), item.as_string().c_str());
      }
      continue;
    }
    std::string text = member.is_string() ? member.as_string() : json::Dump(member);
    const bool bytes = key.find("bytes") != std::string::npos || indent.size() > 0;
    if (bytes && member.is_number() && member.as_double() >= 1 << 20) {
      char unit[64];
      std::snprintf(unit, sizeof unit, "%.1f MiB", member.as_double() / (1 << 20));
      text = unit;
    }
    std::printf("%s%-22s %s\n", indent.c_str(), key.c_str(), text.c_str());
  }
}

}  // namespace

int RunInspect(const Command& self, Args args) {
  InspectOptions o;
  OptionSet options;
  options.Int("context", &o.context, 0, INT64_MAX / 2, "context that memory is stated for, 0 = the model's");
  options.Int("batch", &o.batch, 1, INT32_MAX, "sequences that memory is stated for");
  options.Choice("kv-type", &o.kv_type, {"auto", "f32", "f16"}, "type of cached keys and values");
  options.Flag("tensors", &o.tensors, "list every tensor");
  options.Flag("json", &o.json, "print JSON");
  Positionals path{"PATH", "model folder, .gguf or .safetensors file", 1, 1, {}};
  if (auto code = Parse(self, options, args, &path)) return *code;
  auto description = Describe(path.values[0], o);
  if (!description.ok()) return Fail(self, description.error());
  if (o.json) {
    json::DumpOptions pretty;
    pretty.indent = 2;
    std::printf("%s\n", json::Dump(*description, pretty).c_str());
  } else {
    PrintText(*description, "");
  }
  return 0;
}

}  // namespace pano::cli
