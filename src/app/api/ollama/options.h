#pragma once

#include <cstdint>
#include <optional>

#include "app/api/parameters.h"
#include "app/api/schema.h"
#include "base/json.h"

namespace pano::api::ollama {

// The members of "options": how to generate, and how Ollama would run the model.
const BodySchema& OptionsBody();

// Reads `options` (an object) into `parameters`. What would change the answer and is not done here is
// refused as "options.NAME"; what only says how Ollama is to use the machine has no effect.
// `context`: the most tokens that prompt and answer may have together (num_ctx), where it is said.
Status ReadOptions(const json::Value& options, Parameters& parameters, std::optional<int64_t>& context);

}  // namespace pano::api::ollama
