#include "app/models/model_facts.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <utility>

#include "base/env.h"
#include "base/strings.h"
#include "model/format/weights.h"

namespace pano::models {
namespace {

// The first of these members that is a text, or a whole number above 0.
const json::Value* FirstOf(const json::Value& object, std::initializer_list<std::string_view> names) {
  for (std::string_view name : names) {
    const json::Value* value = object.Find(name);
    if (value && (value->is_string() || (value->is_int() && value->as_int() > 0))) return value;
  }
  return nullptr;
}

void CountTensors(const format::Weights& weights, ModelFacts& facts) {
  std::map<std::string_view, uint64_t> bytes;
  for (const std::string& name : weights.Names()) {
    const tensor::TensorView& view = *weights.Find(name);
    facts.parameters += view.elements();
    bytes[tensor::Describe(view.dtype).name] += view.bytes;
  }
  const auto most = std::max_element(bytes.begin(), bytes.end(),
                                     [](const auto& a, const auto& b) { return a.second < b.second; });
  if (most != bytes.end()) facts.weight_type = std::string(most->first);
}

// Null where the folder has none that can be read: a model serves without it.
json::Value ReadLineage(const std::string& folder) {
  const Result<std::string> text = ReadFile(JoinPath(folder, "lineage.json"), 4u << 20);
  if (!text.ok()) return {};
  const Result<json::Value> parsed = json::Parse(*text, {.depth_max = 8});
  if (!parsed.ok() || !parsed->is_object() || !parsed->Find("data_version")) return {};
  json::Value lineage;
  for (const auto& [name, value] : parsed->as_object()) {
    if (name != "recipe") lineage.Set(name, value);
  }
  return lineage;
}

}  // namespace

ModelFacts FactsOf(const format::ModelFiles& files) {
  ModelFacts facts;
  const bool gguf = files.kind == format::ModelFiles::Kind::kGguf;
  facts.format = gguf ? "gguf" : "safetensors";
  const json::Value& said = gguf ? files.metadata : files.config;
  const json::Value* name = gguf ? said.Find("general.architecture") : said.Find("model_type");
  if (name && name->is_string()) facts.architecture = name->as_string();
  const json::Value* length = gguf ? FirstOf(said, {StrCat(facts.architecture, ".embedding_length")})
                                   : FirstOf(said, {"hidden_size", "n_embd", "d_model", "dim"});
  if (length && length->is_int()) facts.embedding_length = length->as_int();
  if (files.kind == format::ModelFiles::Kind::kHuggingFace && !files.path.empty()) facts.lineage = ReadLineage(files.path);
  if (files.weights) CountTensors(*files.weights, facts);
  return facts;
}

std::string ParametersText(int64_t parameters) {
  constexpr auto kUnits = std::to_array<std::pair<double, const char*>>({{1e9, "B"}, {1e6, "M"}, {1e3, "K"}});
  if (parameters <= 0) return "";
  for (const auto& [size, unit] : kUnits) {
    const double count = static_cast<double>(parameters) / size;
    if (count < 1) continue;
    char text[32];
    std::snprintf(text, sizeof text, "%.*f%s", size > 1e3 ? 1 : 0, count, unit);
    return text;
  }
  return StrCat(parameters);
}

}  // namespace pano::models
