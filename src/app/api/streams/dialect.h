#pragma once

#include "app/api/dialect.h"

namespace pano::api::resuming {

// Resumable streams: read on from any event, or ended.
Dialect MakeDialect();

}  // namespace pano::api::resuming
