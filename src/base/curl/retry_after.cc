#include "base/curl/retry_after.h"

#include <algorithm>
#include <ctime>
#include <string>

#include "base/curl/library.h"
#include "base/strings.h"

namespace pano {

std::optional<int64_t> ParseRetryAfter(std::string_view text, int64_t now) {
  if (const std::optional<int64_t> seconds = ParseInt(Trim(text))) {
    return *seconds < 0 ? std::nullopt : seconds;
  }
  const Result<const CurlLibrary*> curl = CurlLibrary::Load();
  if (!curl.ok()) return std::nullopt;
  const std::time_t when = (*curl)->getdate(std::string(text).c_str(), nullptr);
  if (when < 0) return std::nullopt;
  return std::max<int64_t>(0, static_cast<int64_t>(when) - now);
}

}  // namespace pano
