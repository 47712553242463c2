#pragma once

#include "app/api/dialect.h"

namespace pano::api::native {

// The project's own protocol, and what every server has: the page, health, metrics, the document.
Dialect MakeDialect();

}  // namespace pano::api::native
