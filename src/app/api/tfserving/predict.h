#pragma once

#include "app/api/context.h"

namespace pano::api::tfserving {

// POST /v1/models/{id}[/versions/{version}|/labels/{label}]:predict.
void Predict(Context& context, CallPtr call);
// The methods that no signature here has.
void RefuseMethod(Context& context, CallPtr call);

}  // namespace pano::api::tfserving
