#pragma once

#include <cstdint>

#include "app/http/http.h"

namespace pano::api::anthropic {

// Adds the x-ratelimit headers that are there under Anthropic's names, too: anthropic-ratelimit-requests-limit,
// -remaining, -reset (a time, RFC 3339) and the same of tokens.
void AddRateLimits(int64_t now_unix, http::Headers& headers);

}  // namespace pano::api::anthropic
