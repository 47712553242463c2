#include "app/quota/rate_limit_headers.h"

#include <algorithm>

#include "base/strings.h"

namespace pano::quota {

std::string FormatReset(int64_t milliseconds) {
  milliseconds = std::max<int64_t>(milliseconds, 0);
  if (milliseconds == 0) return "0s";
  if (milliseconds < 1000) return StrCat(milliseconds, "ms");
  const int64_t seconds = (milliseconds + 999) / 1000;
  std::string text;
  if (seconds >= 3600) text += StrCat(seconds / 3600, "h");
  if (seconds >= 60) text += StrCat(seconds / 60 % 60, "m");
  return text + StrCat(seconds % 60, "s");
}

Headers RateLimitHeaders(std::span<const Standing> standings) {
  Headers headers;
  auto add = [&](const char* kind, auto counts) {
    const Standing* least = nullptr;
    for (const Standing& standing : standings) {
      if (!counts(standing.dimension)) continue;
      if (!least || standing.remaining() < least->remaining()) least = &standing;
    }
    if (!least) return;
    headers.emplace_back(StrCat("x-ratelimit-limit-", kind), StrCat(least->limit));
    headers.emplace_back(StrCat("x-ratelimit-remaining-", kind), StrCat(least->remaining()));
    headers.emplace_back(StrCat("x-ratelimit-reset-", kind), FormatReset(least->reset_ms));
  };
  add("requests", [](Dimension d) { return d == Dimension::kRequestsPerMinute; });
  add("tokens", CountsTokens);
  return headers;
}

}  // namespace pano::quota
