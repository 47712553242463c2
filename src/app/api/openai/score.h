#pragma once

#include "app/api/context.h"

namespace pano::api::openai {

// POST /v1/score, as vLLM has it: one text beside one or several, or two lists of the same length, pair by pair.
void ScorePairs(Context& context, CallPtr call);

}  // namespace pano::api::openai
