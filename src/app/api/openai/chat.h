#pragma once

#include "app/api/context.h"

namespace pano::api::openai {

// POST /v1/chat/completions.
void ChatCompletions(Context& context, CallPtr call);

}  // namespace pano::api::openai
