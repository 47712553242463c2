#include "model/train/run/checkpoint/weight_files.h"

#include <cstdio>

#include "base/json.h"
#include "base/strings.h"

namespace pano::train {
namespace {

// What Transformers asks of a file's metadata.
const std::map<std::string, std::string> kMetadata = {{"format", "pt"}};

std::string ShardName(size_t index, size_t count) {
  char name[64];
  std::snprintf(name, sizeof name, "model-%05zu-of-%05zu.safetensors", index + 1, count);
  return name;
}

}  // namespace

std::vector<CheckpointFile> WeightFiles(std::vector<StateTensor> tensors,
                                        uint64_t shard_bytes_max) {
  std::vector<std::vector<StateTensor>> shards(1);
  uint64_t shard_bytes = 0, total = 0;
  for (StateTensor& tensor : tensors) {
    if (!shards.back().empty() && shard_bytes + tensor.bytes.size() > shard_bytes_max) {
      shards.emplace_back();
      shard_bytes = 0;
    }
    shard_bytes += tensor.bytes.size();
    total += tensor.bytes.size();
    shards.back().push_back(std::move(tensor));
  }
  std::vector<CheckpointFile> files;
  if (shards.size() == 1) {
    files.push_back(
        CheckpointFile::Tensors("model.safetensors", std::move(shards.front()), kMetadata));
    return files;
  }
  json::Object weight_map;
  for (size_t i = 0; i < shards.size(); ++i) {
    const std::string name = ShardName(i, shards.size());
    for (const StateTensor& tensor : shards[i]) weight_map.emplace_back(tensor.name, name);
    files.push_back(CheckpointFile::Tensors(name, std::move(shards[i]), kMetadata));
  }
  json::Value index;
  index.Set("metadata", json::Object{{"total_size", total}});
  index.Set("weight_map", std::move(weight_map));
  files.push_back(CheckpointFile::Text("model.safetensors.index.json",
                                       json::Dump(index, {.indent = 2}) + "\n"));
  return files;
}

}  // namespace pano::train
