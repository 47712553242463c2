#pragma once

#include <span>
#include <string_view>

namespace pano::api {

// The order of the members of /openapi.json, so that the document's bytes do not depend on which
// folder a route or a schema stands in. What is not named follows, in the order of the dialects. A
// value over constants.
struct DocumentOrder {
  std::span<const std::string_view> paths = {};    // patterns of routes
  std::span<const std::string_view> schemas = {};  // names of schemas
};

}  // namespace pano::api
