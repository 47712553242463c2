#include "app/auth/issuer/redirect_uri.h"

#include <algorithm>

#include "base/strings.h"

namespace pano::issuer {
namespace {

constexpr size_t kBytesMax = 2048;

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// What stands between "//" and the path.
std::string_view Authority(std::string_view uri) {
  const size_t slashes = uri.find("://");
  if (slashes == std::string_view::npos) return {};
  const std::string_view rest = uri.substr(slashes + 3);
  return rest.substr(0, rest.find_first_of("/?"));
}

struct HostPort {
  std::string_view host;
  std::string_view port;  // "" = none
};

HostPort SplitHost(std::string_view authority) {
  const size_t colon = authority.rfind(':');
  if (colon == std::string_view::npos || authority.find(']', colon) != std::string_view::npos) {
    return {authority, {}};
  }
  return {authority.substr(0, colon), authority.substr(colon + 1)};
}

bool IsPort(std::string_view text) {
  const auto port = ParseInt(text);
  return !text.empty() && text.size() <= 5 && std::all_of(text.begin(), text.end(), IsDigit) && port &&
         *port >= 1 && *port <= 65'535;
}

bool IsLoopbackAddress(std::string_view host) { return host == "127.0.0.1" || host == "[::1]"; }

bool IsHost(std::string_view host) {
  if (host.empty()) return false;
  if (host.front() == '[') return host.back() == ']' && host.size() > 2;
  return std::all_of(host.begin(), host.end(),
                     [](char c) { return IsLetter(c) || IsDigit(c) || c == '.' || c == '-'; });
}

}  // namespace

Status CheckRedirectUri(std::string_view uri) {
  const std::string name = StrCat("the redirect URI '", Printable(uri), "' ");
  if (uri.size() > kBytesMax) return InvalidArgument(StrCat(name, "has more than ", kBytesMax, " bytes"));
  const bool printable = std::all_of(uri.begin(), uri.end(), [](char c) {
    return c > ' ' && c < 0x7f && std::string_view("\"<>\\^`{|}';,").find(c) == std::string_view::npos;
  });
  if (!printable) return InvalidArgument(StrCat(name, "holds characters that no URI has"));
  if (uri.find('#') != std::string_view::npos) return InvalidArgument(StrCat(name, "has a fragment"));
  if (uri.find('*') != std::string_view::npos) {
    return InvalidArgument(StrCat(name, "has a '*': it is compared to the letter"));
  }
  const size_t colon = uri.find(':');
  const std::string_view scheme = uri.substr(0, colon == std::string_view::npos ? 0 : colon);
  const bool scheme_ok = !scheme.empty() && IsLetter(scheme[0]) &&
                         std::all_of(scheme.begin(), scheme.end(), [](char c) {
                           return IsLetter(c) || IsDigit(c) || c == '+' || c == '-' || c == '.';
                         });
  if (!scheme_ok) return InvalidArgument(StrCat(name, "is not absolute, as https://app.example/done"));
  if (scheme == "http" || scheme == "https") {
    const HostPort at = SplitHost(Authority(uri));
    const bool port_ok = at.port.empty() ? Authority(uri) == at.host : IsPort(at.port);
    if (!IsHost(at.host) || !port_ok) return InvalidArgument(StrCat(name, "names no host"));
    if (scheme == "https" || IsLoopbackAddress(at.host) || at.host == "localhost") return {};
    return InvalidArgument(StrCat(name, "is plain http beyond this machine: use https"));
  }
  if (scheme.find('.') == std::string_view::npos) {
    return InvalidArgument(
        StrCat(name, "has a scheme that is not an application's own, as com.example.app:/done"));
  }
  return {};
}

bool RedirectUriMatches(std::string_view registered, std::string_view asked) {
  if (registered == asked) return true;
  constexpr std::string_view kHttp = "http://";
  if (!registered.starts_with(kHttp) || !asked.starts_with(kHttp)) return false;
  const std::string_view own = Authority(registered), other = Authority(asked);
  const HostPort at = SplitHost(other);
  return IsLoopbackAddress(own) && at.host == own && IsPort(at.port) &&
         registered.substr(kHttp.size() + own.size()) == asked.substr(kHttp.size() + other.size());
}

std::string RedirectSource(std::string_view uri) {
  const size_t colon = uri.find(':');
  const std::string_view scheme = uri.substr(0, colon);
  if (scheme != "http" && scheme != "https") return StrCat(scheme, ":");
  return StrCat(scheme, "://", Authority(uri));
}

std::string WithQuery(std::string_view uri, std::string_view query) {
  return StrCat(uri, uri.find('?') == std::string_view::npos ? "?" : "&", query);
}

}  // namespace pano::issuer
