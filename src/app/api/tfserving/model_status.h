#pragma once

#include "app/api/context.h"

namespace pano::api::tfserving {

// GET /v1/models/{id}?format=tfs: TensorFlow Serving's GetModelStatus.
void ModelStatus(Context& context, CallPtr call);

}  // namespace pano::api::tfserving
