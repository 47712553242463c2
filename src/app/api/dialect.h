#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "app/api/failure.h"
#include "app/api/route.h"
#include "base/json.h"

namespace pano::api {

// A named schema of /openapi.json.
using NamedSchema = std::pair<std::string_view, json::Value>;

// One protocol that clients speak, as a folder of app/api has it: everything that the API needs to
// know of it. A dialect includes the core, never another dialect. A value.
struct Dialect {
  std::string_view name;                  // its folder: "openai"
  std::vector<Route> routes = {};         // each with its access policy
  std::vector<NamedSchema> schemas = {};  // of the bodies that its routes take and give
  ErrorBody error_body = ErrorJson;       // how its routes say what went wrong
  std::vector<AbsentPath> absent = {};    // endpoints that are refused by name
  // "/v2": of paths below it that no route has, too. "": it shares its paths with others.
  std::string_view prefix = {};
};

}  // namespace pano::api
