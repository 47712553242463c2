#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/env.h"
#include "base/json.h"
#include "base/random.h"
#include "base/strings.h"
#include "model/adapter/adapter.h"
#include "model/format/weights.h"
#include "model/nn/testing/tiny_model.h"

namespace pano::adapter::testing {

using nn::testing::MemoryWeights;
using nn::testing::TinyModel;

inline std::vector<float> Drawn(int64_t count, uint64_t seed) {
  Random random(seed);
  std::vector<float> values(static_cast<size_t>(count));
  for (float& value : values) value = static_cast<float>(random.Normal()) * 0.3f;
  return values;
}

// An adapter in memory, made part by part. Confined to one thread.
class TinyAdapter {
 public:
  std::string config = R"({"peft_type":"LORA","r":3,"lora_alpha":6,"target_modules":["q_proj"]})";
  std::shared_ptr<MemoryWeights> weights = std::make_shared<MemoryWeights>();

  // "model.layers.0.self_attn.q_proj.lora_A.weight"
  void Add(std::string_view key, tensor::Shape shape) {
    int64_t count = 1;
    for (int64_t size : shape) count *= size;
    weights->Add(StrCat("base_model.model.", key), std::move(shape), Drawn(count, seed_++));
  }
  void AddPair(std::string_view module, int64_t out, int64_t in, int64_t rank = 3) {
    Add(StrCat(module, ".lora_A.weight"), {rank, in});
    Add(StrCat(module, ".lora_B.weight"), {out, rank});
  }
  // q_proj of every layer of the tiny model.
  void AddQueries(int64_t rank = 3) {
    for (int64_t layer = 0; layer < TinyModel::kLayers; ++layer) {
      AddPair(StrCat("model.layers.", layer, ".self_attn.q_proj"),
              TinyModel::kHeads * TinyModel::kHeadDim, TinyModel::kHidden, rank);
    }
  }
  void Remove(std::string_view key) { weights->Remove(StrCat("base_model.model.", key)); }

  Result<std::shared_ptr<const Adapter>> Make(std::shared_ptr<const BaseModules> base) const {
    PANO_ASSIGN_OR_RETURN(AdapterConfig read, ParseAdapterConfig(config));
    return MakeAdapter("tiny", std::move(read), weights, std::move(base));
  }

  Status Write(const std::string& folder) const {
    PANO_RETURN_IF_ERROR(Env::Real().MakeFolder(folder));
    PANO_RETURN_IF_ERROR(WriteFile(JoinPath(folder, kConfigFile), config));
    std::vector<format::SafetensorsEntry> entries;
    for (const std::string& name : weights->Names()) entries.push_back({name, *weights->Find(name)});
    return format::WriteSafetensors(JoinPath(folder, kWeightsFile), entries, {{"format", "pt"}});
  }

 private:
  uint64_t seed_ = 1000;
};

// The tiny model as a folder, in `shards` files.
inline Status WriteBase(const TinyModel& model, const std::string& folder, int shards = 1) {
  PANO_RETURN_IF_ERROR(Env::Real().MakeFolder(folder));
  PANO_RETURN_IF_ERROR(
      WriteFile(JoinPath(folder, "config.json"), json::Dump(model.files.config, {.indent = 1})));
  PANO_RETURN_IF_ERROR(WriteFile(JoinPath(folder, "generation_config.json"), "{\"top_k\": 5}\n"));
  std::vector<std::vector<format::SafetensorsEntry>> files(static_cast<size_t>(shards));
  json::Value map = json::Object{};
  int64_t bytes = 0;
  size_t next = 0;
  for (const std::string& name : model.weights->Names()) {
    const size_t shard = next++ % files.size();
    files[shard].push_back({name, *model.weights->Find(name)});
    bytes += static_cast<int64_t>(files[shard].back().view.bytes);
    map.Set(name, StrCat("model-", shard, ".safetensors"));
  }
  if (shards == 1) {
    return format::WriteSafetensors(JoinPath(folder, "model.safetensors"), files[0]);
  }
  for (size_t i = 0; i < files.size(); ++i) {
    PANO_RETURN_IF_ERROR(format::WriteSafetensors(
        JoinPath(folder, StrCat("model-", i, ".safetensors")), files[i], {{"format", "pt"}}));
  }
  json::Value index = json::Object{};
  index.Set("metadata", json::Object{{"total_size", bytes}});
  index.Set("weight_map", std::move(map));
  return WriteFile(JoinPath(folder, "model.safetensors.index.json"), json::Dump(index));
}

}  // namespace pano::adapter::testing
