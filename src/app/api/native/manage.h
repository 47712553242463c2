#pragma once

#include "app/api/context.h"

namespace pano::api::native {

// POST /v1/models/{id}/load and /unload, of one version where the path names one: answered once it is so.
void LoadModel(Context& context, CallPtr call);
void UnloadModel(Context& context, CallPtr call);

}  // namespace pano::api::native
