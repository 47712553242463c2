#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/api/call.h"
#include "app/api/context.h"

namespace pano::inference {

// One version of the repository. A value.
struct IndexEntry {
  std::string name, version;
  std::string_view state;  // "READY", "LOADING", "UNLOADING", "UNAVAILABLE"
  std::string reason;      // "" where there is nothing to say
};

// Every version that the caller may see, loaded or not, by name.
std::vector<IndexEntry> ModelIndex(const api::Context& context, const api::Call& call, bool only_ready);

}  // namespace pano::inference
