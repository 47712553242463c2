#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace pano {

// Who answers a URL; what is meant for one origin is told to no other. A value.
struct Origin {
  std::string scheme;  // "https", lower case
  std::string host;    // lower case
  uint16_t port = 0;

  bool operator==(const Origin&) const = default;
};

// InvalidArgument for what is no http or https URL.
Result<Origin> OriginOf(const std::string& url);

// Where a redirect leads from `base`: `location` may be relative. Corruption for what is no URL, and
// for a step from https down to http.
Result<std::string> ResolveLocation(const std::string& base, const std::string& location);

// Whether an answer of this status sends on to its Location (RFC 9110, 15.4).
constexpr bool IsRedirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// The URL, of any scheme, without a user, password, query and fragment: what messages may show. One line.
std::string ShownUrl(const std::string& url);

}  // namespace pano
