#pragma once

#include "app/api/context.h"

namespace pano::api::kserve {

// GET /v2/health/live, /v2/health/ready; /v2/models/{id}[/versions/{version}]/ready: 503 while it does not
// answer.
void ServerLive(Context& context, CallPtr call);
void ServerReady(Context& context, CallPtr call);
void ModelReady(Context& context, CallPtr call);

}  // namespace pano::api::kserve
