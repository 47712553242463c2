#include "app/api/policy/challenge.h"

#include <algorithm>
#include <utility>

#include "app/auth/authenticator.h"
#include "base/strings.h"

namespace pano::api {
namespace {

constexpr std::string_view kScheme = "Bearer realm=\"panorama\"";

// `text` as a quoted-string of RFC 6750, which has neither '"' nor '\' nor anything but ASCII.
std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    const bool plain = c >= 0x20 && c < 0x7f && c != '\\';
    out += c == '"' ? '\'' : plain ? c : '?';
  }
  return out += '"';
}

std::string Challenge(std::string_view error, std::string_view description) {
  std::string value(kScheme);
  if (error.empty()) return value;
  value += StrCat(", error=", Quoted(error), ", error_description=", Quoted(description));
  return value;
}

std::string ResourceUrl(const ProtectedResource& resource, const http::Request& request) {
  if (!resource.url.empty()) return resource.url;
  const std::string_view host = Trim(request.Header("Host"));
  return host.empty() ? "" : StrCat(request.secure ? "https://" : "http://", Printable(host));
}

// How much of a URL comes before its path.
size_t OriginBytes(std::string_view url) {
  const size_t scheme = url.find("://");
  const size_t begin = scheme == std::string_view::npos ? 0 : scheme + 3;
  return std::min(url.find('/', begin), url.size());
}

std::string_view PathOf(std::string_view url) {
  std::string_view path = url.substr(OriginBytes(url));
  while (path.ends_with('/')) path.remove_suffix(1);
  return path;
}

}  // namespace

std::string_view ResourcePath(const ProtectedResource& resource) { return PathOf(resource.url); }

std::vector<std::string> AuthorizationServers(const ProtectedResource& resource) {
  std::vector<std::string> names;
  if (resource.authorization_servers) names = resource.authorization_servers();
  std::erase(names, "");  // whose name is not known yet
  return names;
}

json::Value ResourceMetadata(const ProtectedResource& resource, const http::Request& request) {
  using json::Value;
  Value servers{json::Array()};
  for (const std::string& issuer : AuthorizationServers(resource)) servers.Append(issuer);
  Value scopes{json::Array()};
  for (std::string_view scope : {"models:*:predict", "models:*:read", "models:*:manage",
                                 "metrics:read", "admin"}) {
    scopes.Append(scope);
  }
  Value body;
  body.Set("resource", ResourceUrl(resource, request));
  body.Set("authorization_servers", std::move(servers));
  body.Set("scopes_supported", std::move(scopes));
  body.Set("bearer_methods_supported", Value(json::Array{"header"}));
  body.Set("resource_name", "Panorama");
  if (resource.certificate_bound_tokens) {
    body.Set("tls_client_certificate_bound_access_tokens", true);
  }
  return body;
}

Failure Unauthorized(const Status& why, const ProtectedResource& resource,
                     const http::Request& request) {
  const bool nothing_sent = why.reason() == auth::kNoCredentials;
  Failure failure(why);
  // What OpenAI's clients know beside it: a key that is missing is one that is not valid.
  if (nothing_sent || why.reason().empty()) {
    failure.status = why.WithReason(std::string(auth::kInvalidApiKey));
  }
  failure.challenge = nothing_sent ? Challenge("", "") : Challenge("invalid_token", why.message());
  if (!AuthorizationServers(resource).empty()) {
    const std::string url = ResourceUrl(resource, request);
    if (!url.empty()) {
      failure.challenge +=
          StrCat(", resource_metadata=",
                 Quoted(StrCat(std::string_view(url).substr(0, OriginBytes(url)), kResourceMetadataPath, PathOf(url))));
    }
  }
  return failure;
}

Failure InsufficientScope(std::string scope) {
  const std::string text = StrCat("this needs the scope ", scope);
  Failure failure(Status(StatusCode::kPermissionDenied, text)
                      .WithReason(std::string(auth::kInsufficientScope)));
  failure.challenge =
      StrCat(Challenge(auth::kInsufficientScope, text), ", scope=", Quoted(scope));
  return failure;
}

Failure WithChallenge(Failure failure) {
  if (failure.challenge.empty() && failure.status.reason() == auth::kInsufficientScope) {
    failure.challenge = Challenge(auth::kInsufficientScope, failure.status.message());
  }
  return failure;
}

}  // namespace pano::api
