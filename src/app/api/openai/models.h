#pragma once

#include "app/api/context.h"

namespace pano::api::openai {

// GET /v1/models and /v1/models/{id}, in OpenAI's shape with a few fields more.
void ListModels(Context& context, CallPtr call);
void RetrieveModel(Context& context, CallPtr call);

}  // namespace pano::api::openai
