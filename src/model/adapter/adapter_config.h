#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/env.h"
#include "base/result.h"

namespace pano::adapter {

// Which biases an adapter brings along.
enum class BiasMode : uint8_t {
  kNone,
  kAll,       // of every module of the base
  kLoraOnly,  // of the modules that it adapts
};

// Modules of a base by name, as `target_modules` and `exclude_modules` have them.
struct ModuleNames {
  // A module is meant when its name is one of these, or ends with "." and one of these.
  std::vector<std::string> names;
  // A regular expression (Python's) that matches the whole name; takes the place of `names`.
  std::string regex;

  bool empty() const { return names.empty() && regex.empty(); }
};

// An entry of `rank_pattern` or `alpha_pattern`: a module is meant when (.*\.)?(KEY)$ matches its
// name; of several entries the first counts.
struct NamePattern {
  std::string key;
  double value = 0;
};

// Rows of an embedding that an adapter trains whole.
struct TokenRows {
  std::string module;         // "": the input embedding
  std::vector<int64_t> rows;  // token ids, as the config orders them
};

// What adapter_config.json says of a low-rank adapter (LoRA; Hu et al., 2021), with PEFT's defaults
// for what it leaves out. A value.
struct AdapterConfig {
  int64_t r = 8;
  double alpha = 8;
  double dropout = 0;           // on the inputs of A while training; nothing at inference
  bool rslora = false;          // scale alpha / sqrt(r) instead of alpha / r (Kalajdzievski, 2023)
  bool dora = false;            // magnitudes of rows apart (Liu et al., "DoRA", 2024)
  bool lora_bias = false;       // B has a bias
  bool fan_in_fan_out = false;  // as written; the base's modules decide
  BiasMode bias = BiasMode::kNone;
  ModuleNames targets, exclude;
  std::vector<int64_t> layers_to_transform;  // empty: all
  std::vector<std::string> layers_pattern;   // regular expressions; empty: any
  std::vector<NamePattern> rank_pattern, alpha_pattern;
  std::vector<std::string> modules_to_save;  // with those that the task adds
  std::vector<TokenRows> trainable_tokens;
  bool ensure_weight_tying = false;
  std::string task_type;   // "" or "CAUSAL_LM", "SEQ_CLS", ...
  std::string base_model;  // path or hub name of what it was trained on, for people
};

inline constexpr std::string_view kConfigFile = "adapter_config.json";
inline constexpr std::string_view kWeightsFile = "adapter_model.safetensors";
inline constexpr int64_t kRankMax = 1 << 16;

// The text of an adapter_config.json. Corruption for a field of the wrong kind or range;
// Unimplemented, naming the key, for another method than LoRA, for an option that changes what the
// adapter computes and is not done here, and for a key that is not known and neither null, false
// nor empty.
Result<AdapterConfig> ParseAdapterConfig(std::string_view text);

// Of a folder as PEFT saves it. NotFound where it has none; failures name the file.
Result<AdapterConfig> ReadAdapterConfig(const std::string& folder, Env& env = Env::Real());

// The text that PEFT reads the same configuration from.
std::string AdapterConfigText(const AdapterConfig& config);

}  // namespace pano::adapter
