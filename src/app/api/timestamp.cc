#include "app/api/timestamp.h"

#include <algorithm>
#include <ctime>

namespace pano::api {

std::string Timestamp(int64_t unix_seconds) {
  constexpr int64_t kLast = 253'402'300'799;  // 9999-12-31T23:59:59Z
  const std::time_t seconds = std::clamp<int64_t>(unix_seconds, 0, kLast);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  const size_t size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return std::string(text, size);
}

}  // namespace pano::api
