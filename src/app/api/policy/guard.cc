#include "app/api/policy/guard.h"

#include <arpa/inet.h>
#include <unistd.h>

#include <algorithm>

#include "base/strings.h"

namespace pano::api {
namespace {

// "[::1]:8080" -> "::1", "localhost:8080" -> "localhost".
std::string_view HostName(std::string_view host) {
  if (host.starts_with('[')) {
    size_t end = host.find(']');
    return end == std::string_view::npos ? std::string_view() : host.substr(1, end - 1);
  }
  return host.substr(0, host.find(':'));
}

Status Forbidden(std::string message) {
  return Status(StatusCode::kPermissionDenied, std::move(message));
}

// Whether `name` is an IPv4 or IPv6 address.
bool IsAddress(const std::string& name) {
  unsigned char bytes[16];
  return inet_pton(AF_INET, name.c_str(), bytes) == 1 || inet_pton(AF_INET6, name.c_str(), bytes) == 1;
}

std::string OwnHostName() {
  char name[256] = {};
  if (gethostname(name, sizeof name - 1) != 0) return {};
  return ToLower(name);
}

// A page's own name can be made to point here (DNS rebinding). An address, a name without a domain and a
// name of the local link cannot be a page's.
bool IsLocalName(std::string name) {
  if (name.ends_with('.')) name.pop_back();
  return IsAddress(name) || (!name.empty() && name.find('.') == std::string::npos) ||
         name.ends_with(".local") || name == OwnHostName();
}

bool Contains(const std::vector<std::string>& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

bool IsAny(const std::vector<std::string>& list) { return Contains(list, "*"); }

// ASCII letters, digits and `more`.
bool HasOnly(std::string_view text, std::string_view more) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           more.find(c) != std::string_view::npos;
  });
}

// Browsers leave out the port that a scheme has anyway.
std::string WithoutDefaultPort(std::string origin) {
  for (auto [scheme, port] : {std::pair("http://", ":80"), std::pair("https://", ":443")}) {
    if (origin.starts_with(scheme) && origin.ends_with(port)) {
      origin.resize(origin.size() - std::string_view(port).size());
    }
  }
  return origin;
}

bool IsOwnOrigin(const CallerPolicy& policy, const std::string& origin, const http::Request& request) {
  std::string name = ToLower(Trim(request.Header("Host")));
  const std::string_view scheme = request.secure ? "https://" : "http://";
  if (origin == WithoutDefaultPort(StrCat(scheme, name))) return true;
  // A name that was allowed may be that of a proxy which speaks TLS.
  return Contains(policy.hosts, HostName(name)) && origin == WithoutDefaultPort("https://" + name);
}

bool IsAllowedOrigin(const CallerPolicy& policy, const std::string& origin) {
  return !origin.empty() && (IsAny(policy.origins) || Contains(policy.origins, origin));
}

std::string OriginOf(const http::Request& request) {
  return ToLower(Trim(request.Header("Origin")));
}

}  // namespace

bool IsLoopbackHost(std::string_view host) {
  std::string name = ToLower(host);
  if (name.ends_with('.')) name.pop_back();
  if (name == "localhost" || name == "::1" || name == "0:0:0:0:0:0:0:1") return true;
  // 127.0.0.0/8 as four numbers; "127.evil.example" is a name.
  std::vector<std::string_view> parts = Split(name, '.');
  if (parts.size() != 4 || parts[0] != "127") return false;
  for (std::string_view part : parts) {
    std::optional<int64_t> number = ParseInt(part);
    if (!number || *number < 0 || *number > 255) return false;
  }
  return true;
}

Result<std::string> ParseAllowedHost(std::string_view text) {
  if (text == "*") return std::string(text);
  std::string host = ToLower(text);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  bool address = std::count(host.begin(), host.end(), ':') > 1;  // IPv6
  if (!host.empty() && host.size() <= 253 && HasOnly(host, address ? ":." : "-._")) return host;
  return InvalidArgument(StrCat("'", Printable(text),
                                "' is no host: a name or an address without a port, or *"));
}

Result<std::string> ParseAllowedOrigin(std::string_view text) {
  if (text == "*" || text == "null") return std::string(text);
  std::string origin = ToLower(text);
  size_t colon = origin.find("://");
  bool fine = colon != std::string::npos && colon > 0 && origin.size() <= 300 &&
              HasOnly(std::string_view(origin).substr(0, colon), "+-.");
  std::string_view host = fine ? std::string_view(origin).substr(colon + 3) : std::string_view();
  if (!host.empty() && HasOnly(host, "-._:[]")) return WithoutDefaultPort(std::move(origin));
  return InvalidArgument(StrCat("'", Printable(text),
                                "' is no origin: SCHEME://HOST[:PORT] without a path, null or *"));
}

Status CheckCaller(const CallerPolicy& policy, const http::Request& request) {
  if (!policy.loopback && !policy.keyless) return {};   // a key is what protects
  std::string_view host = Trim(request.Header("Host"));
  std::string name = ToLower(HostName(host));
  const bool own = policy.loopback ? IsLoopbackHost(name) : IsLocalName(name);
  if (!own && !IsAny(policy.hosts) && !Contains(policy.hosts, name)) {
    return Forbidden(StrCat("the Host '", Printable(host), "' is not this machine's ",
                            policy.loopback ? "loopback address" : "address or name, and no key is asked for",
                            "; --allow-host names others"));
  }
  std::string origin = OriginOf(request);
  if (origin.empty() || IsOwnOrigin(policy, origin, request) || IsAllowedOrigin(policy, origin)) {
    return {};
  }
  return Forbidden(StrCat("the Origin '", Printable(Trim(request.Header("Origin"))),
                          "' is another site; --allow-origin names those that may call"));
}

http::Headers CrossOriginHeaders(const CallerPolicy& policy, std::string_view origin_as_sent) {
  if (policy.origins.empty()) return {};
  http::Headers headers = {{"Vary", "Origin"}};  // caches: another page gets another answer
  std::string origin = ToLower(Trim(origin_as_sent));
  if (!IsAllowedOrigin(policy, origin)) return headers;
  headers.emplace_back("Access-Control-Allow-Origin", std::move(origin));
  headers.emplace_back("Access-Control-Expose-Headers", "X-Request-Id, Retry-After, x-ratelimit-limit-requests, x-ratelimit-remaining-requests, "
                       "x-ratelimit-reset-requests, x-ratelimit-limit-tokens, "
                       "x-ratelimit-remaining-tokens, x-ratelimit-reset-tokens");
  return headers;
}

bool IsPreflight(const http::Request& request) {
  return request.method == "OPTIONS" && !request.Header("Origin").empty() &&
         !request.Header("Access-Control-Request-Method").empty();
}

http::Response PreflightResponse(const CallerPolicy& policy, const http::Request& request) {
  http::Response response;
  response.status = 204;
  if (!IsAllowedOrigin(policy, OriginOf(request))) return response;
  response.headers.emplace_back("Access-Control-Allow-Methods", "GET, POST, DELETE");
  // Clients send headers of their own (x-stainless-...), so those that are asked for are allowed.
  std::string_view asked = request.Header("Access-Control-Request-Headers");
  if (!asked.empty() && HasOnly(asked, "!#$%&'*+-.^_`|~, ")) {
    response.headers.emplace_back("Access-Control-Allow-Headers", std::string(asked));
  }
  if (request.Header("Access-Control-Request-Private-Network") == "true") {
    response.headers.emplace_back("Access-Control-Allow-Private-Network", "true");
  }
  response.headers.emplace_back("Access-Control-Max-Age", "600");
  return response;
}

namespace {

Failure CheckContentType(const http::Request& request, std::string_view wanted) {
  std::string_view header = request.Header("Content-Type");
  std::string type = ToLower(Trim(header.substr(0, header.find(';'))));
  if (type == wanted) return {};
  Status status = InvalidArgument(
      type.empty() ? StrCat("the Content-Type is missing: ", wanted, " is needed")
                   : StrCat("the Content-Type '", Printable(type), "' is not ", wanted));
  return Failure(std::move(status).WithReason("unsupported_media_type"), 415);
}

}  // namespace

Failure CheckJsonContentType(const http::Request& request) { return CheckContentType(request, "application/json"); }

Failure CheckMultipartContentType(const http::Request& request) {
  return CheckContentType(request, "multipart/form-data");
}

Failure CheckFormContentType(const http::Request& request) {
  return CheckContentType(request, "application/x-www-form-urlencoded");
}

}  // namespace pano::api
