#pragma once

#include <cstdint>
#include <string>

namespace pano::api {

// Seconds since 1970 as RFC 3339 has them, in UTC: "2026-11-30T10:25:00Z". Years beyond 9999 read as
// the last moment of that one, times before 1970 as its first.
std::string Timestamp(int64_t unix_seconds);

}  // namespace pano::api
