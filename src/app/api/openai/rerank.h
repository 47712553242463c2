#pragma once

#include "app/api/context.h"

namespace pano::api::openai {

// POST /v1/rerank, as Jina and Cohere have it: documents in the order of their scores.
void Rerank(Context& context, CallPtr call);

}  // namespace pano::api::openai
