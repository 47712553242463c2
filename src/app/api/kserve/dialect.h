#pragma once

#include "app/api/dialect.h"

namespace pano::api::kserve {

// KServe's v2 protocol (Open Inference Protocol) over HTTP, with Triton's extensions: binary tensors,
// generate, model repository, configuration, statistics.
Dialect MakeDialect();

}  // namespace pano::api::kserve
