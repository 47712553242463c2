#include <cstddef>
#include <cstdint>
#include <string_view>

#include "app/quota/redis_usage.h"
#include "app/quota/tenants_file.h"

// The tenants file and the address of Redis: any bytes end in a Status, and what is taken can be looked
// up.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto policies = pano::quota::ParseTenants(text);
  if (policies.ok()) {
    for (const auto& [name, policy] : policies->tenants) {
      static_cast<void>(policies->Of(name).limited());
    }
  }
  static_cast<void>(pano::quota::ParseRedisAddress(text).ok());
  return 0;
}
