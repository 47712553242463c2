#pragma once

#include <string>
#include <vector>

namespace pano::auth {

// Who calls. A value; thread-compatible.
struct Principal {
  std::string tenant = "default";   // what prefix blocks and, later, quotas are kept by
  std::vector<std::string> scopes;  // "*": everything
};

}  // namespace pano::auth
