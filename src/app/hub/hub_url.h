#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace pano::hub {

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

// Percent-encodes all but unreserved characters (RFC 3986), and '/' unless it is told to keep that.
std::string EncodePath(std::string_view text, bool keep_slashes);

// Of the hub's HTTP interface. REQUIRES: names as ParseModelName checks them.
std::string ListingUrl(std::string_view endpoint, std::string_view repo, std::string_view revision);
std::string FileUrl(std::string_view endpoint, std::string_view repo, std::string_view revision,
                    std::string_view path);

// For messages: without what may be secret (user, password, query).
std::string ShownUrl(const std::string& url);

}  // namespace pano::hub
