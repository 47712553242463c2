#pragma once

#include "app/api/context.h"

namespace pano::api::tfserving {

// GET /v1/models/{id}?format=tfs and /v1/models/{id}/versions/{version}, /labels/{label}: GetModelStatus.
void ModelStatus(Context& context, CallPtr call);

}  // namespace pano::api::tfserving
