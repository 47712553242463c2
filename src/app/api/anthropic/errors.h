#pragma once

#include <string_view>

#include "app/api/failure.h"

namespace pano::api::anthropic {

// {"type": "error", "error": {"type", "message"}, "request_id"}.
json::Value ErrorBodyJson(const Failure& failure, std::string_view request_id);

}  // namespace pano::api::anthropic
