#pragma once

#include <string_view>
#include <vector>

#include "app/api/dialect.h"
#include "app/api/document/document_order.h"
#include "app/api/route.h"
#include "base/fwd.h"

namespace pano::api {

// The OpenAPI 3.1 document of these routes and of the dialects' schemas, its members in `order`.
json::Value MakeOpenApi(const RouteTable& routes, const std::vector<Dialect>& dialects,
                        const DocumentOrder& order, std::string_view version);

}  // namespace pano::api
