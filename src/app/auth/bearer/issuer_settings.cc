#include "app/auth/bearer/issuer_settings.h"

#include <algorithm>

#include "base/strings.h"

namespace pano::bearer {
namespace {

constexpr size_t kUrlBytesMax = 2048;
constexpr std::string_view kHttps = "https://";
constexpr std::string_view kHttp = "http://";

struct Url {
  std::string_view scheme;     // "https://" or "http://"
  std::string_view authority;
  std::string_view path;       // with its '/', or ""
};

std::optional<Url> Parts(std::string_view url) {
  Url parts;
  if (url.starts_with(kHttps)) {
    parts.scheme = kHttps;
  } else if (url.starts_with(kHttp)) {
    parts.scheme = kHttp;
  } else {
    return std::nullopt;
  }
  const std::string_view rest = url.substr(parts.scheme.size());
  const size_t slash = std::min(rest.find_first_of("/?"), rest.size());
  parts.authority = rest.substr(0, slash);
  parts.path = rest.substr(slash);
  return parts;
}

// "[::1]:8080" -> "[::1]", "localhost:80" -> "localhost"; nothing where the port is none.
std::optional<std::string_view> HostOf(std::string_view authority) {
  const size_t end = authority.starts_with('[') ? authority.find(']') : 0;
  if (end == std::string_view::npos) return std::nullopt;
  const size_t colon = authority.find(':', end);
  if (colon == std::string_view::npos) return authority;
  const std::optional<int64_t> port = ParseInt(authority.substr(colon + 1));
  if (!port || *port < 1 || *port > 65535) return std::nullopt;
  return authority.substr(0, colon);
}

bool IsLoopback(std::string_view host) {
  if (ToLower(host) == "localhost" || host == "[::1]") return true;
  const std::vector<std::string_view> parts = Split(host, '.');   // 127.0.0.0/8; "127.evil.example" is a name
  if (parts.size() != 4 || parts[0] != "127") return false;
  return std::all_of(parts.begin(), parts.end(), [](std::string_view part) {
    const std::optional<int64_t> number = ParseInt(part);
    return number && *number >= 0 && *number <= 255;
  });
}

Status CheckUrl(std::string_view url, std::string_view forbidden) {
  const auto wrong = [&](std::string_view why) { return InvalidArgument(StrCat("'", Printable(url), "' ", why)); };
  const std::optional<Url> parts = Parts(url);
  if (!parts) return wrong("is no https URL");
  const bool printable = std::all_of(url.begin(), url.end(), [](char c) { return c > ' ' && c < 0x7f && c != '\\'; });
  if (!printable || url.size() > kUrlBytesMax) return wrong("has characters that no URL has, or too many");
  if (parts->authority.find('@') != std::string_view::npos) return wrong("has a user in it");
  if (url.find_first_of(forbidden) != std::string_view::npos) return wrong("has a query or a fragment");
  const std::optional<std::string_view> host = HostOf(parts->authority);
  if (!host || host->empty()) return wrong("has no host, or a port that is none");
  if (parts->scheme == kHttp && !IsLoopback(*host)) {
    return wrong("is plain http, which is for issuers on loopback alone: https is needed");
  }
  return {};
}

}  // namespace

Status CheckIssuerUrl(std::string_view url) { return CheckUrl(url, "?#"); }
Status CheckKeysUrl(std::string_view url) { return CheckUrl(url, "#"); }

bool IsLoopbackHttp(std::string_view url) { return url.starts_with(kHttp) && CheckKeysUrl(url).ok(); }

std::string DiscoveryUrl(std::string_view issuer) {
  while (issuer.ends_with('/')) issuer.remove_suffix(1);
  return StrCat(issuer, "/.well-known/openid-configuration");
}

std::string MetadataUrl(std::string_view issuer) {
  while (issuer.ends_with('/')) issuer.remove_suffix(1);
  const std::optional<Url> parts = Parts(issuer);
  if (!parts) return std::string(issuer);
  return StrCat(parts->scheme, parts->authority, "/.well-known/oauth-authorization-server", parts->path);
}

}  // namespace pano::bearer
