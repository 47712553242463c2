#pragma once

#include "base/json.h"

namespace pano::api {

// Named schemas of requests (from the schema table) and answers, for /openapi.json.
json::Value ComponentSchemas();

}  // namespace pano::api
