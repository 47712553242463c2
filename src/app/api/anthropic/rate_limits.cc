#include "app/api/anthropic/rate_limits.h"

#include <string>
#include <string_view>
#include <utility>

#include "app/api/timestamp.h"
#include "base/strings.h"

namespace pano::api::anthropic {
namespace {

// "1m30s", "250ms": whole seconds, rounded up.
int64_t SecondsOf(std::string_view text) {
  double seconds = 0;
  while (!text.empty()) {
    const size_t digits = text.find_first_not_of("0123456789.");
    const double number = ParseDouble(text.substr(0, digits)).value_or(0);
    if (digits == std::string_view::npos) break;
    text.remove_prefix(digits);
    double unit = 0;
    size_t length = 1;
    if (text.starts_with("ms")) {
      unit = 1e-3;
      length = 2;
    } else if (text[0] == 's') {
      unit = 1;
    } else if (text[0] == 'm') {
      unit = 60;
    } else if (text[0] == 'h') {
      unit = 3600;
    }
    seconds += number * unit;
    text.remove_prefix(length);
  }
  const auto whole = static_cast<int64_t>(seconds);
  return static_cast<double>(whole) < seconds ? whole + 1 : whole;
}

}  // namespace

void AddRateLimits(int64_t now_unix, http::Headers& headers) {
  http::Headers more;
  for (const auto& [name, value] : headers) {
    constexpr std::string_view kPrefix = "x-ratelimit-";
    if (!name.starts_with(kPrefix)) continue;
    // "remaining-requests" -> "requests-remaining".
    const std::string_view rest = std::string_view(name).substr(kPrefix.size());
    const size_t dash = rest.find('-');
    if (dash == std::string_view::npos) continue;
    const std::string_view what = rest.substr(0, dash);
    more.emplace_back(StrCat("anthropic-ratelimit-", rest.substr(dash + 1), "-", what),
                      what == "reset" ? Timestamp(now_unix + SecondsOf(value)) : value);
  }
  headers.insert(headers.end(), more.begin(), more.end());
}

}  // namespace pano::api::anthropic
