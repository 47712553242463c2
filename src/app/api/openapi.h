#pragma once

#include "app/api/call.h"
#include "app/api/route.h"
#include "base/json.h"

namespace pano::api {

struct Context;

// The OpenAPI 3.1 document of these routes, made from them and the schema table.
json::Value MakeOpenApi(const RouteTable& routes, std::string_view version);

// GET /openapi.json.
void OpenApi(Context& context, CallPtr call);

}  // namespace pano::api
