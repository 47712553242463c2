#pragma once

#include <vector>

#include "app/api/dialect.h"
#include "app/api/document/document_order.h"

namespace pano::service {

// Every dialect that a server speaks: to add one, add its line.
std::vector<api::Dialect> AllDialects();

// The order of /openapi.json, which is by subject: server, models, generation, text. A route or a
// schema that is not in it comes last.
api::DocumentOrder OpenApiOrder();

}  // namespace pano::service
