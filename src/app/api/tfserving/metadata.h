#pragma once

#include "app/api/context.h"

namespace pano::api::tfserving {

// GET /v1/models/{id}[/versions/{version}|/labels/{label}]/metadata: GetModelMetadata.
void Metadata(Context& context, CallPtr call);

}  // namespace pano::api::tfserving
