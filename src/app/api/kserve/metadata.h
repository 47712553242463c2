#pragma once

#include "app/api/context.h"

namespace pano::api::kserve {

// GET /v2.
void ServerMetadata(Context& context, CallPtr call);
// GET /v2/models/{id}[/versions/{version}], and the same with /config as Triton writes it.
void ModelMetadata(Context& context, CallPtr call);
void ModelConfig(Context& context, CallPtr call);

}  // namespace pano::api::kserve
