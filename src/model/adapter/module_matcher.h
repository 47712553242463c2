#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/result.h"
#include "model/adapter/adapter_config.h"
#include "model/adapter/python_regex.h"

namespace pano::adapter {

// Which modules of a base a configuration means, and with which rank and scale: PEFT's rules over
// the names of `named_modules` ("model.layers.0.self_attn.q_proj"). Regular expressions are compiled
// once. Immutable, so thread-safe; borrows the configuration.
class ModuleMatcher {
 public:
  // Unimplemented, naming the key, for a regular expression that is not understood.
  static Result<ModuleMatcher> Create(const AdapterConfig& config);

  // Whether the module gets low-rank matrices: by target_modules, exclude_modules and, for names
  // that are meant by their ending, layers_to_transform. Modules that are saved whole never do.
  Result<bool> Targets(std::string_view module) const;
  // Whether the module, or one that it is part of, is saved whole.
  bool Saved(std::string_view module) const;

  Result<int64_t> RankOf(std::string_view module) const;
  // alpha / r, or alpha / sqrt(r), of this module.
  Result<double> ScaleOf(std::string_view module) const;

 private:
  using Regex = std::shared_ptr<const PythonRegex>;

  // (.*\.)?(KEY)$ over names; keys of plain characters, as most are, without a regular expression.
  struct Pattern {
    std::string_view key;
    Regex regex;  // null: plain
    double value = 0;
  };

  explicit ModuleMatcher(const AdapterConfig& config) : config_(&config) {}
  static Result<Regex> CompileOptional(std::string_view key, const std::string& pattern);
  static Result<std::vector<Pattern>> CompilePatterns(std::string_view key,
                                                      const std::vector<NamePattern>& patterns);
  // A place of layers_pattern in front of a number, and the same where the number is one of
  // layers_to_transform.
  struct LayerPlace {
    Regex any, chosen;
  };

  Result<double> Lookup(const std::vector<Pattern>& patterns, std::string_view module,
                        double fallback) const;
  Result<bool> InLayers(std::string_view module) const;

  const AdapterConfig* config_;
  Regex targets_, exclude_;
  std::unordered_set<std::string_view> target_names_, exclude_names_;
  std::vector<LayerPlace> layers_;
  std::vector<Pattern> ranks_, alphas_;
  std::shared_ptr<MatchBudget> budget_ = std::make_shared<MatchBudget>();
};

}  // namespace pano::adapter
