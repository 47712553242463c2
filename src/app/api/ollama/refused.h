#pragma once

#include "app/api/context.h"

namespace pano::api::ollama {

// POST /api/pull, create, copy, push, DELETE /api/delete: 501, and how it is done here.
void Refuse(Context& context, CallPtr call);

}  // namespace pano::api::ollama
