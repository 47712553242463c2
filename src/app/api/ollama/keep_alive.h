#pragma once

#include "base/json.h"
#include "base/result.h"

namespace pano::api::ollama {

// Whether "keep_alive" asks for the model to be unloaded at once: 0, as a number of seconds or as a
// duration ("0s"). How long a model stays otherwise is decided by the memory that others need.
// InvalidArgument for what is neither: "5m", "1h30m", "-1", 300.
Result<bool> AsksToUnload(const json::Value& body);

}  // namespace pano::api::ollama
