#pragma once

#include "app/api/context.h"

namespace pano::api::kserve {

// POST /v2/models/{id}/infer and /v2/models/{id}/versions/{version}/infer.
void Infer(Context& context, CallPtr call);

}  // namespace pano::api::kserve
