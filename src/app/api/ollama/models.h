#pragma once

#include "app/api/context.h"

namespace pano::api::ollama {

// GET /api/tags: the models that the caller may see, aliases among them.
void Tags(Context& context, CallPtr call);
// GET /api/ps: those that are loaded.
void Running(Context& context, CallPtr call);
// POST /api/show: what is known of one.
void Show(Context& context, CallPtr call);
// GET /api/version: the version of Ollama's API that is spoken here.
void Version(Context& context, CallPtr call);

}  // namespace pano::api::ollama
