#pragma once

#include <string_view>

#include "app/api/failure.h"

namespace pano::api::ollama {

// {"error": "what is wrong"}.
json::Value ErrorBodyJson(const Failure& failure, std::string_view request_id);

}  // namespace pano::api::ollama
