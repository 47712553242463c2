#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "app/quota/limits.h"
#include "base/env.h"
#include "base/result.h"

namespace pano::quota {

// The tenants file (--tenants), YAML:
//
//   default:                      # of tenants that are not named; each is counted by itself
//     requests_per_minute: 60
//   tenants:
//     acme:
//       weight: 4
//       requests_per_minute: 600
//       tokens_per_minute: 100000
//       tokens_per_day: 5000000
//       concurrent: 16
//       models: {starter: {tokens_per_minute: 20000}, "*": {concurrent: 8}}
//       keys: {"*": {requests_per_minute: 100}}
//
// What a named tenant does not say is taken from `default`, field by field; `null` is no limit.
// InvalidArgument names place and line of what is wrong ("tenants.acme.wieght"), the place as its field.
// `name` stands before messages.
inline constexpr size_t kTenantsFileBytesMax = 1 << 20;
inline constexpr size_t kTenantsMax = 10'000;        // named
inline constexpr size_t kEntriesPerTenantMax = 1000;  // models, and keys
Result<TenantPolicies> ParseTenants(std::string_view text, std::string_view name = "tenants");
Result<TenantPolicies> ReadTenantsFile(const std::string& path, Env& env = Env::Real());

}  // namespace pano::quota
