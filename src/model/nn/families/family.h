#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/format/fwd.h"
#include "model/nn/families/config_reader.h"
#include "model/nn/families/gguf_writing.h"
#include "model/nn/model_config.h"
#include "model/nn/weights/weight_names.h"

namespace pano::nn {

// A model family is a mapping, not a class: how its files' fields become a ModelConfig, and what
// its weights are called. Adding one takes a file beside this one and a row in Families().
struct Family {
  std::string_view name;       // `model_type` in config.json
  std::string_view gguf_name;  // `general.architecture` in GGUF; "" = none
  void (*read_hf)(ConfigReader& reader, ModelConfig& config);
  void (*read_gguf)(ConfigReader& reader, ModelConfig& config);
  WeightNames (*hf_names)();
  WeightNames (*gguf_names)();
  // The way back, for conversion (model/convert); null: this family is not written in that form.
  void (*write_hf)(const ModelConfig& config, json::Value& out) = nullptr;
  std::string_view hf_class = "";  // `architectures` in config.json
  void (*write_gguf)(const ModelConfig& config, GgufFields& out) = nullptr;
  std::string_view written_as = "";  // the GGUF architecture, where gguf_name is ""
};

std::span<const Family* const> Families();

// "bert, clip": the names of a list of families in one kind of file.
template <typename List>
std::string FamilyNames(const List& families, bool gguf) {
  std::string names;
  for (const auto* family : families) {
    const std::string_view name = gguf ? family->gguf_name : family->name;
    if (!name.empty()) names += (names.empty() ? "" : ", ") + std::string(name);
  }
  return names;
}

struct FamilyConfig {
  const Family* family = nullptr;
  WeightNames names;
  ModelConfig config;
};

// What the files describe. Unimplemented for an architecture or an option that is not supported (by
// name), Corruption for fields that are missing, of the wrong kind or inconsistent.
Result<FamilyConfig> ReadFamilyConfig(const format::ModelFiles& files);

// Corruption for sizes that contradict each other.
Status CheckModelConfig(const ModelConfig& config, std::string_view source);

// Bounds that every real model stays inside and that keep products far from overflow.
inline constexpr int64_t kSizeMax = 1 << 24;
inline constexpr int64_t kLayersMax = 4096;
inline constexpr int64_t kHeadsMax = 1 << 16;
inline constexpr int64_t kHeadDimMax = 1 << 14;
inline constexpr int64_t kContextMax = int64_t{1} << 31;

}  // namespace pano::nn
