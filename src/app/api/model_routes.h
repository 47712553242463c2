#pragma once

#include "app/api/call.h"

namespace pano::api {

struct Context;

// GET /v1/models and /v1/models/{id}, in OpenAI's shape with a few fields more.
void ListModels(Context& context, CallPtr call);
void RetrieveModel(Context& context, CallPtr call);

}  // namespace pano::api
