#include "model/adapter/module_matcher.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>

#include "base/strings.h"

namespace pano::adapter {
namespace {

// Whether one of the names is the module's, or ends it behind a dot.
bool NamedBy(const std::unordered_set<std::string_view>& names, std::string_view module) {
  for (size_t begin = 0;;) {
    if (names.contains(module.substr(begin))) return true;
    const size_t dot = module.find('.', begin);
    if (dot == std::string_view::npos) return false;
    begin = dot + 1;
  }
}

// A dot, which stands for any character, is the only thing in it that is not itself.
bool IsPlain(std::string_view key) {
  return std::ranges::all_of(key, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '_' || c == '-' || c == '.';
  });
}

bool PlainMatches(std::string_view key, std::string_view module) {
  if (key.size() > module.size()) return false;
  const size_t rest = module.size() - key.size();
  if (rest > 0 && module[rest - 1] != '.') return false;
  for (size_t i = key.size(); i-- > 0;) {
    if (key[i] != '.' && key[i] != module[rest + i]) return false;
  }
  return true;
}

// The number in the layer's place: the first part of the name that is one, behind at least two
// others and before another. None where there is no such part.
std::optional<int64_t> LayerOf(std::string_view module) {
  const std::vector<std::string_view> parts = Split(module, '.');
  for (size_t i = 2; i + 1 < parts.size(); ++i) {
    const bool digits = !parts[i].empty() && std::ranges::all_of(parts[i], [](char c) {
      return c >= '0' && c <= '9';
    });
    if (digits) return ParseInt(parts[i]);
  }
  return std::nullopt;
}

}  // namespace

Result<ModuleMatcher::Regex> ModuleMatcher::CompileOptional(std::string_view key,
                                                            const std::string& pattern) {
  if (pattern.empty()) return Regex();
  return PythonRegex::Compile(pattern).Wrap(key);
}

Result<std::vector<ModuleMatcher::Pattern>> ModuleMatcher::CompilePatterns(
    std::string_view key, const std::vector<NamePattern>& patterns) {
  std::vector<Pattern> out;
  for (const NamePattern& pattern : patterns) {
    out.push_back({pattern.key, nullptr, pattern.value});
    if (IsPlain(pattern.key)) continue;
    PANO_ASSIGN_OR_RETURN(out.back().regex,
                          PythonRegex::Compile(StrCat("(.*\\.)?(", pattern.key, ")$")).Wrap(key));
  }
  return out;
}

Result<ModuleMatcher> ModuleMatcher::Create(const AdapterConfig& config) {
  ModuleMatcher matcher(config);
  PANO_ASSIGN_OR_RETURN(matcher.targets_,
                        CompileOptional("target_modules", config.targets.regex));
  PANO_ASSIGN_OR_RETURN(matcher.exclude_,
                        CompileOptional("exclude_modules", config.exclude.regex));
  matcher.target_names_.insert(config.targets.names.begin(), config.targets.names.end());
  matcher.exclude_names_.insert(config.exclude.names.begin(), config.exclude.names.end());
  for (const std::string& pattern : config.layers_pattern) {
    // The first place where the pattern stands before a number counts, so it is not given back.
    const std::string place = StrCat("(?>(?:|.*?\\.)(?:", pattern, ")\\.(?=\\d+\\.))");
    std::string numbers;
    for (int64_t layer : config.layers_to_transform) {
      numbers += StrCat(numbers.empty() ? "" : "|", "0*", layer);
    }
    LayerPlace layer;
    PANO_ASSIGN_OR_RETURN(layer.any, PythonRegex::Compile(place + ".*").Wrap("layers_pattern"));
    PANO_ASSIGN_OR_RETURN(
        layer.chosen,
        PythonRegex::Compile(StrCat(place, "(?:", numbers, ")\\..*")).Wrap("layers_pattern"));
    matcher.layers_.push_back(std::move(layer));
  }
  PANO_ASSIGN_OR_RETURN(matcher.ranks_, CompilePatterns("rank_pattern", config.rank_pattern));
  PANO_ASSIGN_OR_RETURN(matcher.alphas_, CompilePatterns("alpha_pattern", config.alpha_pattern));
  return matcher;
}

Result<bool> ModuleMatcher::InLayers(std::string_view module) const {
  if (config_->layers_to_transform.empty()) return true;
  if (layers_.empty()) {
    const std::optional<int64_t> layer = LayerOf(module);
    return layer && std::ranges::find(config_->layers_to_transform, *layer) !=
                        config_->layers_to_transform.end();
  }
  for (const LayerPlace& layer : layers_) {
    PANO_ASSIGN_OR_RETURN(const bool stands, layer.any->FullMatch(module, *budget_));
    if (stands) return layer.chosen->FullMatch(module, *budget_);
  }
  return false;
}

Result<bool> ModuleMatcher::Targets(std::string_view module) const {
  if (exclude_) {
    PANO_ASSIGN_OR_RETURN(const bool excluded, 
                          exclude_->FullMatch(module, *budget_).Wrap("exclude_modules"));
    if (excluded) return false;
  } else if (NamedBy(exclude_names_, module)) {
    return false;
  }
  const std::string inner = StrCat(".", module, ".");
  for (const std::string& saved : config_->modules_to_save) {
    if (inner.find(StrCat(".", saved, ".")) != std::string::npos) return false;
  }
  if (targets_) return targets_->FullMatch(module, *budget_).Wrap("target_modules");
  if (target_names_.contains(module)) return true;
  if (!NamedBy(target_names_, module)) return false;
  return InLayers(module).Wrap("layers_pattern");
}

bool ModuleMatcher::Saved(std::string_view module) const {
  for (std::string_view part = module;;) {
    for (const std::string& saved : config_->modules_to_save) {
      if (part.ends_with(saved)) return true;
    }
    const size_t dot = part.rfind('.');
    if (dot == std::string_view::npos) return false;
    part = part.substr(0, dot);
  }
}

Result<double> ModuleMatcher::Lookup(const std::vector<Pattern>& patterns, std::string_view module,
                                     double fallback) const {
  for (const Pattern& pattern : patterns) {
    bool matches = false;
    if (pattern.regex) {
      PANO_ASSIGN_OR_RETURN(matches, pattern.regex->FullMatch(module, *budget_));
    } else {
      matches = PlainMatches(pattern.key, module);
    }
    if (matches) return pattern.value;
  }
  return fallback;
}

Result<int64_t> ModuleMatcher::RankOf(std::string_view module) const {
  PANO_ASSIGN_OR_RETURN(
      const double rank,
      Lookup(ranks_, module, static_cast<double>(config_->r)).Wrap("rank_pattern"));
  return static_cast<int64_t>(rank);
}

Result<double> ModuleMatcher::ScaleOf(std::string_view module) const {
  PANO_ASSIGN_OR_RETURN(const int64_t rank, RankOf(module));
  PANO_ASSIGN_OR_RETURN(const double alpha,
                        Lookup(alphas_, module, config_->alpha).Wrap("alpha_pattern"));
  const auto r = static_cast<double>(rank);
  return alpha / (config_->rslora ? std::sqrt(r) : r);
}

}  // namespace pano::adapter
