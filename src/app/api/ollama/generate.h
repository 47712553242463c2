#pragma once

#include "app/api/context.h"

namespace pano::api::ollama {

// POST /api/generate.
void Generate(Context& context, CallPtr call);

}  // namespace pano::api::ollama
