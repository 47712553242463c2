#pragma once

#include "app/api/context.h"

namespace pano::api::kserve {

// GET /v2/models/stats, /v2/models/{id}/stats, /v2/models/{id}/versions/{version}/stats: Triton's names.
void Statistics(Context& context, CallPtr call);

}  // namespace pano::api::kserve
