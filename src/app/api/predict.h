#pragma once

#include "app/api/call.h"

namespace pano::api {

struct Context;

// POST /v1/models/{id}/predict and /v1/models/{id}/versions/{v}/predict.
void Predict(Context& context, CallPtr call);

}  // namespace pano::api
