#include "app/http/url.h"

#include <algorithm>

#include "base/strings.h"

namespace pano::http {
namespace {

Status Bad(std::string_view text, std::string_view why) {
  return InvalidArgument(StrCat("[url] '", Printable(text), "' ", why));
}

bool IsHostCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '-' || c == '_' || c == ':' || c == '%';
}

}  // namespace

std::string Url::HostField() const {
  const bool is_v6 = host.find(':') != std::string::npos;
  std::string field = is_v6 ? StrCat('[', host, ']') : host;
  if (port != 80) field.append(StrCat(':', port));
  return field;
}

Result<Url> ParseUrl(std::string_view text) {
  std::string_view rest = text;
  const size_t scheme_end = rest.find("://");
  if (scheme_end != std::string_view::npos) {
    const std::string scheme = ToLower(rest.substr(0, scheme_end));
    if (scheme == "https") {
      return Unimplemented(
          StrCat("[url] '", Printable(text), "': https is not supported, use http"));
    }
    if (scheme != "http") return Bad(text, "is no http:// address");
    rest.remove_prefix(scheme_end + 3);
  }
  const size_t path_begin = std::min(rest.find('/'), rest.size());
  std::string_view authority = rest.substr(0, path_begin);
  Url url;
  url.path = rest.substr(path_begin);
  while (url.path.ends_with('/')) url.path.pop_back();
  if (url.path.find_first_of("?# \r\n\t") != std::string::npos) {
    return Bad(text, "has a query, a fragment or a space");
  }

  const size_t host_end = authority.starts_with('[') ? authority.find(']') : authority.rfind(':');
  std::string_view port;
  if (authority.starts_with('[')) {
    if (host_end == std::string_view::npos) return Bad(text, "lacks a ']'");
    url.host = authority.substr(1, host_end - 1);
    port = authority.substr(host_end + 1);
  } else {
    url.host = authority.substr(0, host_end);
    port = host_end == std::string_view::npos ? std::string_view() : authority.substr(host_end);
    if (url.host.find(':') != std::string::npos)
      return Bad(text, "needs [] around an IPv6 address");
  }
  if (url.host.empty() || !std::ranges::all_of(url.host, IsHostCharacter)) {
    return Bad(text, "has no valid host");
  }
  if (!port.empty()) {
    const auto number = ParseInt(port.substr(1));
    if (port[0] != ':' || !number || *number < 1 || *number > 65535) {
      return Bad(text, "has no valid port");
    }
    url.port = static_cast<uint16_t>(*number);
  }
  return url;
}

}  // namespace pano::http
