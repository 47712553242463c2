#include "app/quota/tenants_file.h"

#include <vector>

#include "app/auth/principal.h"
#include "base/strings.h"
#include "base/yaml/document.h"
#include "base/yaml/values.h"

namespace pano::quota {
namespace {

constexpr double kWeightMin = 0.001;
constexpr double kWeightMax = 1e6;
constexpr int64_t kLimitMax = 1'000'000'000'000'000;

using yaml::Entries;
using yaml::Join;
using yaml::Wrong;

Status ReadLimit(const YAML::Node& node, const std::string& place, std::optional<int64_t>& limit) {
  limit.reset();
  if (node.IsNull()) return {};
  PANO_ASSIGN_OR_RETURN(limit, yaml::Integer(node, place, 0, kLimitMax));
  return {};
}

std::optional<Dimension> DimensionOf(std::string_view key) {
  for (size_t i = 0; i < kDimensions; ++i) {
    const auto dimension = static_cast<Dimension>(i);
    if (key == DimensionName(dimension)) return dimension;
  }
  return std::nullopt;
}

Status ReadEach(const YAML::Node& node, const std::string& place,
                std::map<std::string, Limits, std::less<>>& each) {
  PANO_ASSIGN_OR_RETURN(const std::vector<yaml::Entry> named, Entries(node, place, kEntriesPerTenantMax));
  if (node.IsNull()) each.clear();
  for (const auto& [name, limits] : named) {
    const std::string below = Join(place, name);
    if (name.empty() || name.size() > 256) return Wrong(limits, below, "is no name");
    PANO_ASSIGN_OR_RETURN(const std::vector<yaml::Entry> fields, Entries(limits, below, kDimensions + 1));
    Limits& to = each[name];
    for (const auto& [key, value] : fields) {
      const std::optional<Dimension> dimension = DimensionOf(key);
      if (!dimension) {
        return yaml::UnknownKey(value, below, key,
                                {"requests_per_minute", "tokens_per_minute", "tokens_per_day", "concurrent"});
      }
      PANO_RETURN_IF_ERROR(ReadLimit(value, Join(below, key), to[*dimension]));
    }
  }
  return {};
}

// `policy` holds what applies where the file says nothing.
Status ReadPolicy(const YAML::Node& node, const std::string& place, TenantPolicy& policy) {
  constexpr size_t kKeysMax = 16;
  PANO_ASSIGN_OR_RETURN(const std::vector<yaml::Entry> fields, Entries(node, place, kKeysMax));
  for (const auto& [key, value] : fields) {
    const std::string below = Join(place, key);
    if (key == "weight") {
      PANO_ASSIGN_OR_RETURN(policy.weight, yaml::Number(value, below, kWeightMin, kWeightMax));
    } else if (key == "models") {
      PANO_RETURN_IF_ERROR(ReadEach(value, below, policy.models));
    } else if (key == "keys") {
      PANO_RETURN_IF_ERROR(ReadEach(value, below, policy.keys));
    } else if (const std::optional<Dimension> dimension = DimensionOf(key)) {
      PANO_RETURN_IF_ERROR(ReadLimit(value, below, policy.limits[*dimension]));
    } else {
      return yaml::UnknownKey(value, place, key,
                              {"weight", "requests_per_minute", "tokens_per_minute", "tokens_per_day", "concurrent",
                               "models", "keys"});
    }
  }
  return {};
}

Result<TenantPolicies> ReadRoot(const YAML::Node& root) {
  TenantPolicies policies;
  PANO_ASSIGN_OR_RETURN(const std::vector<yaml::Entry> parts, Entries(root, "", 16));
  for (const auto& [key, value] : parts) {
    if (key != "default" && key != "tenants") return yaml::UnknownKey(value, "", key, {"default", "tenants"});
    if (key == "default") PANO_RETURN_IF_ERROR(ReadPolicy(value, key, policies.otherwise));
  }
  for (const auto& [key, value] : parts) {
    if (key != "tenants") continue;
    PANO_ASSIGN_OR_RETURN(const std::vector<yaml::Entry> named, Entries(value, key, kTenantsMax));
    for (const auto& [name, node] : named) {
      const std::string place = Join(key, name);
      if (!auth::IsTenantName(name)) return Wrong(node, place, "is no tenant's name");
      TenantPolicy policy = policies.otherwise;
      PANO_RETURN_IF_ERROR(ReadPolicy(node, place, policy));
      policies.tenants.emplace(name, std::move(policy));
    }
  }
  return policies;
}

}  // namespace

Result<TenantPolicies> ParseTenants(std::string_view text, std::string_view name) {
  TenantPolicies policies;
  const Status read =
      yaml::ReadDocument(text, {.bytes_max = kTenantsFileBytesMax}, [&](const YAML::Node& root) -> Status {
        PANO_ASSIGN_OR_RETURN(policies, ReadRoot(root));
        return {};
      });
  if (!read.ok()) return read.Wrap(name);
  return policies;
}

Result<TenantPolicies> ReadTenantsFile(const std::string& path, Env& env) {
  Result<std::string> text = ReadFile(path, kTenantsFileBytesMax, env);
  if (!text.ok()) return text.error();
  return ParseTenants(*text, path);
}

}  // namespace pano::quota
