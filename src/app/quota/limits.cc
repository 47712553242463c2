#include "app/quota/limits.h"

#include <algorithm>

namespace pano::quota {

std::string_view DimensionName(Dimension dimension) {
  switch (dimension) {
    case Dimension::kRequestsPerMinute: return "requests_per_minute";
    case Dimension::kTokensPerMinute: return "tokens_per_minute";
    case Dimension::kTokensPerDay: return "tokens_per_day";
    case Dimension::kConcurrent: return "concurrent";
  }
  return "";
}

std::string_view DimensionWords(Dimension dimension) {
  switch (dimension) {
    case Dimension::kRequestsPerMinute: return "requests a minute";
    case Dimension::kTokensPerMinute: return "tokens a minute";
    case Dimension::kTokensPerDay: return "tokens a day";
    case Dimension::kConcurrent: return "concurrent requests";
  }
  return "";
}

bool Limits::any() const {
  return std::ranges::any_of(max, [](const auto& limit) { return limit.has_value(); });
}

bool TenantPolicy::limited() const {
  auto any = [](const auto& entry) { return entry.second.any(); };
  return limits.any() || std::ranges::any_of(models, any) || std::ranges::any_of(keys, any);
}

const TenantPolicy& TenantPolicies::Of(std::string_view tenant) const {
  const auto found = tenants.find(tenant);
  return found == tenants.end() ? otherwise : found->second;
}

}  // namespace pano::quota
