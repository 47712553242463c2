#pragma once

#include "app/api/context.h"

namespace pano::api::openai {

// POST /v1/completions.
void Completions(Context& context, CallPtr call);

}  // namespace pano::api::openai
