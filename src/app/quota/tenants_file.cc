#include "app/quota/tenants_file.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <set>
#include <vector>

#include "app/auth/principal.h"
#include "base/closest_name.h"
#include "base/strings.h"

// yaml-cpp throws, and follows anchors: what it may build is bounded before (bytes, depth, no aliases).

namespace pano::quota {
namespace {

constexpr double kWeightMin = 0.001;
constexpr double kWeightMax = 1e6;
constexpr int64_t kLimitMax = 1'000'000'000'000'000;

constexpr std::string_view kFileKeys[] = {"default", "tenants"};
constexpr std::string_view kLimitKeys[] = {"requests_per_minute", "tokens_per_minute", "tokens_per_day",
                                           "concurrent"};
constexpr std::string_view kTenantKeys[] = {"weight",         "requests_per_minute", "tokens_per_minute",
                                            "tokens_per_day", "concurrent",          "models",
                                            "keys"};

Status Wrong(const std::string& path, std::string_view what) {
  return InvalidArgument(StrCat(path.empty() ? "the file" : path, ": ", what));
}

std::string Below(const std::string& path, std::string_view key) {
  return path.empty() ? Printable(key) : StrCat(path, ".", Printable(key));
}

Status UnknownKey(const std::string& path, const std::string& key,
                  std::span<const std::string_view> known) {
  std::string all;
  for (std::string_view name : known) all += StrCat(all.empty() ? "" : ", ", name);
  return Wrong(Below(path, key),
               StrCat("unknown key", DidYouMean(key, known), "; known: ", all));
}

// The entries of a mapping, each key once and a scalar.
Result<std::vector<std::pair<std::string, YAML::Node>>> Entries(const YAML::Node& node,
                                                                const std::string& path,
                                                                size_t entries_max) {
  std::vector<std::pair<std::string, YAML::Node>> entries;
  if (!node.IsDefined() || node.IsNull()) return entries;
  if (!node.IsMap()) return Wrong(path, "has to be a mapping");
  if (node.size() > entries_max) {
    return Wrong(path, StrCat("has ", node.size(), " entries of at most ", entries_max));
  }
  std::set<std::string> seen;
  for (const auto& entry : node) {
    if (!entry.first.IsScalar()) return Wrong(path, "a key is no text");
    std::string key = entry.first.Scalar();
    if (!seen.insert(key).second) return Wrong(Below(path, key), "stands twice");
    entries.emplace_back(std::move(key), entry.second);
  }
  return entries;
}

Status ReadLimit(const YAML::Node& node, const std::string& path, std::optional<int64_t>& limit) {
  limit.reset();
  if (node.IsNull()) return {};
  if (!node.IsScalar()) return Wrong(path, "has to be a whole number");
  const std::optional<int64_t> value = ParseInt(node.Scalar());
  if (!value || *value < 0 || *value > kLimitMax) {
    return Wrong(path, StrCat("has to be a whole number from 0 to ", kLimitMax, ", or null, not '",
                              Printable(node.Scalar()), "'"));
  }
  limit = *value;
  return {};
}

std::optional<Dimension> DimensionOf(std::string_view key) {
  for (size_t i = 0; i < kDimensions; ++i) {
    const auto dimension = static_cast<Dimension>(i);
    if (key == DimensionName(dimension)) return dimension;
  }
  return std::nullopt;
}

Status ReadEach(const YAML::Node& node, const std::string& path,
                std::map<std::string, Limits, std::less<>>& each) {
  PANO_ASSIGN_OR_RETURN(const auto named, Entries(node, path, kEntriesPerTenantMax));
  if (node.IsNull()) each.clear();
  for (const auto& [name, limits] : named) {
    if (name.empty() || name.size() > 256) return Wrong(Below(path, name), "is no name");
    PANO_ASSIGN_OR_RETURN(const auto fields, Entries(limits, Below(path, name), kDimensions + 1));
    Limits& to = each[name];
    for (const auto& [key, value] : fields) {
      const std::optional<Dimension> dimension = DimensionOf(key);
      if (!dimension) return UnknownKey(Below(path, name), key, kLimitKeys);
      PANO_RETURN_IF_ERROR(ReadLimit(value, Below(Below(path, name), key), to[*dimension]));
    }
  }
  return {};
}

Status ReadWeight(const YAML::Node& node, const std::string& path, double& weight) {
  const std::optional<double> value =
      node.IsScalar() ? ParseDouble(node.Scalar()) : std::nullopt;
  if (!value || !std::isfinite(*value) || *value < kWeightMin || *value > kWeightMax) {
    return Wrong(path, StrCat("has to be a number from ", kWeightMin, " to ", kWeightMax));
  }
  weight = *value;
  return {};
}

// `policy` holds what applies where the file says nothing.
Status ReadPolicy(const YAML::Node& node, const std::string& path, TenantPolicy& policy) {
  PANO_ASSIGN_OR_RETURN(const auto fields, Entries(node, path, std::size(kTenantKeys) + 8));
  for (const auto& [key, value] : fields) {
    const std::string place = Below(path, key);
    if (key == "weight") {
      PANO_RETURN_IF_ERROR(ReadWeight(value, place, policy.weight));
    } else if (key == "models") {
      PANO_RETURN_IF_ERROR(ReadEach(value, place, policy.models));
    } else if (key == "keys") {
      PANO_RETURN_IF_ERROR(ReadEach(value, place, policy.keys));
    } else if (const std::optional<Dimension> dimension = DimensionOf(key)) {
      PANO_RETURN_IF_ERROR(ReadLimit(value, place, policy.limits[*dimension]));
    } else {
      return UnknownKey(path, key, kTenantKeys);
    }
  }
  return {};
}

Result<TenantPolicies> ReadRoot(const YAML::Node& root) {
  TenantPolicies policies;
  PANO_ASSIGN_OR_RETURN(const auto parts, Entries(root, "", 16));
  for (const auto& [key, value] : parts) {
    if (std::ranges::find(kFileKeys, key) == std::end(kFileKeys)) {
      return UnknownKey("", key, kFileKeys);
    }
    if (key == "default") PANO_RETURN_IF_ERROR(ReadPolicy(value, key, policies.otherwise));
  }
  for (const auto& [key, value] : parts) {
    if (key != "tenants") continue;
    PANO_ASSIGN_OR_RETURN(const auto named, Entries(value, key, kTenantsMax));
    for (const auto& [name, node] : named) {
      const std::string path = Below(key, name);
      if (!auth::IsTenantName(name)) return Wrong(path, "is no tenant's name");
      TenantPolicy policy = policies.otherwise;
      PANO_RETURN_IF_ERROR(ReadPolicy(node, path, policy));
      policies.tenants.emplace(name, std::move(policy));
    }
  }
  return policies;
}

// yaml-cpp's parser recurses, and an alias can stand for a tree of aliases: neither is needed here.
Status CheckText(std::string_view text) {
  if (text.size() > kTenantsFileBytesMax) {
    return InvalidArgument(StrCat("has ", text.size(), " bytes of at most ", kTenantsFileBytesMax));
  }
  constexpr int kDepthMax = 16;
  int depth = 0;
  bool line_start = true;
  size_t indent = 0;
  char quote = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n') {
      line_start = true;
      indent = 0;
      continue;
    }
    if (quote != 0) {
      if (quote == '"' && c == '\\') ++i;
      else if (c == quote) quote = 0;
      continue;
    }
    const bool token_start = i == 0 || text[i - 1] == ' ' || text[i - 1] == '\n' || text[i - 1] == '[' ||
                             text[i - 1] == '{' || text[i - 1] == ',' || text[i - 1] == '\t';
    if (c == '#' && token_start) {
      while (i + 1 < text.size() && text[i + 1] != '\n') ++i;
      continue;
    }
    if ((c == '"' || c == '\'') && token_start) quote = c;
    if (c == '[' || c == '{') ++depth;
    if (c == ']' || c == '}') depth = std::max(0, depth - 1);
    // Blocks nest by columns, and "- - - -" or "? ? ?" within one line.
    if (line_start && (c == ' ' || c == '-' || c == '?' || c == '\t')) ++indent;
    else line_start = false;
    if (depth > kDepthMax || indent > 256) return InvalidArgument("nests too deep");
    if ((c == '&' || c == '*') && token_start && i + 1 < text.size() && text[i + 1] != ' ') {
      return InvalidArgument(StrCat("anchors and aliases are not taken: quote a name that begins with '",
                                    c, "'"));
    }
  }
  return {};
}

}  // namespace

Result<TenantPolicies> ParseTenants(std::string_view text, std::string_view name) {
  if (Status status = CheckText(text); !status.ok()) return status.Wrap(name);
  try {
    Result<TenantPolicies> policies = ReadRoot(YAML::Load(std::string(text)));
    if (!policies.ok()) return policies.error().Wrap(name);
    return policies;
  } catch (const std::exception& error) {
    return InvalidArgument(StrCat(name, ": ", Printable(error.what(), 200)));
  }
}

Result<TenantPolicies> ReadTenantsFile(const std::string& path, Env& env) {
  Result<std::string> text = ReadFile(path, kTenantsFileBytesMax, env);
  if (!text.ok()) return text.error();
  return ParseTenants(*text, path);
}

}  // namespace pano::quota
