#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace pano::quota {

// What is counted of a subject (a tenant, one of its keys, one of its models). Stored: do not renumber.
enum class Dimension : uint8_t {
  kRequestsPerMinute = 0,
  kTokensPerMinute = 1,
  kTokensPerDay = 2,
  kConcurrent = 3,
};
inline constexpr size_t kDimensions = 4;
inline constexpr size_t kWindows = 3;  // the first ones are counted over time

// The key of the tenants file: "requests_per_minute".
std::string_view DimensionName(Dimension dimension);
// For messages: "requests a minute".
std::string_view DimensionWords(Dimension dimension);
inline bool CountsTokens(Dimension dimension) {
  return dimension == Dimension::kTokensPerMinute || dimension == Dimension::kTokensPerDay;
}

// How much there may be of each; none: as much as anybody likes. A value.
struct Limits {
  std::array<std::optional<int64_t>, kDimensions> max = {};

  const std::optional<int64_t>& operator[](Dimension d) const { return max[static_cast<size_t>(d)]; }
  std::optional<int64_t>& operator[](Dimension d) { return max[static_cast<size_t>(d)]; }
  bool any() const;
  bool operator==(const Limits&) const = default;
};

// What the tenants file says of one tenant. A value.
struct TenantPolicy {
  double weight = 1;  // share of the machine while tenants compete for it
  Limits limits;
  // Beside the tenant's own: of one of its models or keys. "*" is each that has no entry of its own.
  std::map<std::string, Limits, std::less<>> models;
  std::map<std::string, Limits, std::less<>> keys;

  bool limited() const;
  bool operator==(const TenantPolicy&) const = default;
};

// All of them. A value.
struct TenantPolicies {
  TenantPolicy otherwise;  // of tenants that are not named
  std::map<std::string, TenantPolicy, std::less<>> tenants;

  const TenantPolicy& Of(std::string_view tenant) const;
};

}  // namespace pano::quota
