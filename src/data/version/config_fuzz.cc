// Arbitrary bytes as a config: read or refused.

#include <cstdint>
#include <string_view>

#include "data/version/config.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  pano::data::Config config;
  if (!config.Merge({reinterpret_cast<const char*>(data), size}, "config").ok()) return 0;
  for (const std::string& name : config.Remotes()) (void)config.Remote(name);
  return 0;
}
