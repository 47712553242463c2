#pragma once

#include "app/api/context.h"

namespace pano::api::kserve {

// POST /v2/repository/index; {"ready": true} leaves out what is not.
void RepositoryIndex(Context& context, CallPtr call);
// POST /v2/repository/models/{id}/load and /unload: answered once it is so.
void LoadModel(Context& context, CallPtr call);
void UnloadModel(Context& context, CallPtr call);

}  // namespace pano::api::kserve
