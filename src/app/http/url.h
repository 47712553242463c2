#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace pano::http {

// "http://host:8080/prefix" taken apart.
struct Url {
  std::string host;  // without the brackets of an IPv6 address
  uint16_t port = 80;
  std::string path;  // "" or "/prefix", never with a '/' at the end

  std::string HostField() const;  // "host:8080", "[::1]:8080", "host" for port 80
};

// "host:port" without a scheme is fine. Unimplemented for https, InvalidArgument for anything else.
Result<Url> ParseUrl(std::string_view text);

}  // namespace pano::http
