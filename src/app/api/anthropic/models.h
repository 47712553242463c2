#pragma once

#include "app/api/context.h"

namespace pano::api::anthropic {

// GET /v1/models and /v1/models/{id} for Anthropic's clients, which send the header anthropic-version.
void ListModels(Context& context, CallPtr call);
void RetrieveModel(Context& context, CallPtr call);

}  // namespace pano::api::anthropic
