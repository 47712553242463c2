#include "app/auth/issuer/duration_text.h"

#include <optional>

#include "base/strings.h"

namespace pano::issuer {

Result<int64_t> ParseDurationSeconds(std::string_view text) {
  constexpr int64_t kDay = 86'400;
  constexpr int64_t kSecondsMax = 36'525 * kDay;
  const Status wrong = InvalidArgument(
      StrCat("'", Printable(text), "' is no duration: a whole number and a unit, as 30d, 12h, 15m or 1s"));
  if (text.size() < 2 || text.front() == '-' || text.front() == '+') return wrong;
  int64_t unit = 0;
  switch (text.back()) {
    case 's': unit = 1; break;
    case 'm': unit = 60; break;
    case 'h': unit = 3600; break;
    case 'd': unit = kDay; break;
    default: return wrong;
  }
  const std::optional<int64_t> count = ParseInt(text.substr(0, text.size() - 1));
  if (!count || *count < 1) return wrong;
  if (*count > kSecondsMax / unit) {
    return InvalidArgument(StrCat("'", Printable(text), "' is more than 100 years"));
  }
  return *count * unit;
}

}  // namespace pano::issuer
