#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "app/api/failure.h"
#include "app/http/http.h"
#include "base/json.h"

namespace pano::api {

// This server as OAuth2 clients see it (RFC 9728). A value.
struct ProtectedResource {
  std::string url = {};  // its name, "https://models.example"; "": the address that it was called by
  // Whose tokens it takes now; empty, or without any: it takes no tokens and publishes no metadata. Thread-safe.
  std::function<std::vector<std::string>()> authorization_servers = {};
  bool certificate_bound_tokens = false;  // tokens may be bound to TLS client certificates (RFC 8705)
};

// Where its metadata stand (RFC 9728, section 3.1); of a resource with a path that stands behind it.
constexpr std::string_view kResourceMetadataPath = "/.well-known/oauth-protected-resource";
constexpr std::string_view kResourceMetadataPathOfPath = "/.well-known/oauth-protected-resource/{path}";
// "/pano" of "https://models.example/pano/"; "" where the name has none.
std::string_view ResourcePath(const ProtectedResource& resource);

// Whose tokens are taken now.
std::vector<std::string> AuthorizationServers(const ProtectedResource& resource);
// The metadata of RFC 9728, section 2.
json::Value ResourceMetadata(const ProtectedResource& resource, const http::Request& request);

// The refusal of a request without valid credentials, with its challenge by RFC 6750, section 3: an
// error code only where credentials were sent.
Failure Unauthorized(const Status& why, const ProtectedResource& resource,
                     const http::Request& request);

// PermissionDenied: who calls may not do this; `scope` is what is missing.
Failure InsufficientScope(std::string scope);
// The failure for its status alone, as functions that answer a Status hand it on: with its challenge again,
// which cannot say `scope` apart from its text. Any other status as it is.
Failure WithChallenge(Failure failure);

}  // namespace pano::api
