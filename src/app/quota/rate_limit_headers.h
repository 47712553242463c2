#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "app/quota/admission.h"

namespace pano::quota {

// A time as OpenAI's headers write it: "250ms", "6s", "1m30s", "23h45m0s". From a second on rounded up
// to whole ones.
std::string FormatReset(int64_t milliseconds);

// x-ratelimit-{limit,remaining,reset}-{requests,tokens}: of each kind the limit of which the least is
// left. Kinds without a limit have no headers.
using Headers = std::vector<std::pair<std::string, std::string>>;
Headers RateLimitHeaders(std::span<const Standing> standings);

}  // namespace pano::quota
