#pragma once

#include "app/api/ollama/ollama_call.h"

namespace pano::api::ollama {

// Answers a call that has nothing to say: its model is loaded by now, or, where "keep_alive" is 0, is
// unloaded as soon as its requests have ended. That needs models:ID:manage and a model of the folder.
void AnswerLoad(Context& context, CallPtr call, const OllamaCall& ollama);

}  // namespace pano::api::ollama
