#pragma once

#include "app/api/context.h"

namespace pano::api::ollama {

// POST /api/chat.
void Chat(Context& context, CallPtr call);

}  // namespace pano::api::ollama
