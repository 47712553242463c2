#pragma once

#include "app/api/context.h"

namespace pano::api::anthropic {

// POST /v1/messages.
void Messages(Context& context, CallPtr call);
// POST /v1/messages/count_tokens: the input_tokens that the same message's usage would give.
void CountTokens(Context& context, CallPtr call);

}  // namespace pano::api::anthropic
