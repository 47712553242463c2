#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace pano::http {

// A request target taken apart and decoded.
struct Target {
  std::string path;                                        // "/v1/models/my model"
  std::vector<std::pair<std::string, std::string>> query;  // in order, '+' is a space
};

// The target of a request line: "/path?query", "http://host/path?query" (host dropped) or "*".
// InvalidArgument for ill-formed escapes, bytes outside printable ASCII, a fragment, and for
// decoded text that is no UTF-8 or holds NUL (a path: any control character).
Result<Target> ParseTarget(std::string_view target);

// `text` with %XX decoded once, and '+' as a space where `plus_is_space`.
Result<std::string> PercentDecode(std::string_view text, bool plus_is_space);

}  // namespace pano::http
