#pragma once

#include "app/api/context.h"

namespace pano::api::native {

// POST /v1/models/{id}/predict and /v1/models/{id}/versions/{v}/predict.
void Predict(Context& context, CallPtr call);

}  // namespace pano::api::native
