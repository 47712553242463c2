#include "app/api/oauth/dialect.h"

#include <string>
#include <utility>

#include "app/api/oauth/authorize.h"
#include "app/api/oauth/oauth_call.h"
#include "app/api/oauth/token_routes.h"
#include "base/strings.h"

namespace pano::api::oauth {
namespace {

using ServerHandler = void (*)(const OAuthServerPtr& server, const CallPtr& call);

std::function<void(Context&, CallPtr)> With(const OAuthServerPtr& server, ServerHandler handler) {
  return [server, handler](Context&, const CallPtr& call) {
    if (server) return handler(server, call);
    call->error_body = ErrorJson;
    call->Fail(NotFound(StrCat("there is no '", Printable(call->request().path), "' here")).WithReason("route_not_found"));
  };
}

void RespondPublic(Call& call, std::string body, std::string_view type) {
  http::Response response;
  response.headers = {{"Content-Type", std::string(type)}, {"Cache-Control", "public, max-age=60"}};
  response.body = std::move(body);
  call.Respond(std::move(response));
}

void Jwks(const OAuthServerPtr& server, const CallPtr& call) {
  RespondPublic(*call, server->issuer().state().Current()->jwks, "application/jwk-set+json");
}

void OpenIdMetadata(const OAuthServerPtr& server, const CallPtr& call) {
  RespondPublic(*call, json::Dump(server->issuer().Metadata(true)), "application/json");
}

void ServerMetadata(const OAuthServerPtr& server, const CallPtr& call) {
  RespondPublic(*call, json::Dump(server->issuer().Metadata(false)), "application/json");
}

Route Get(std::string_view pattern, std::function<void(Context&, CallPtr)> handler, std::string_view id,
          std::string_view summary, std::string_view content_type = "application/json") {
  return {.method = "GET", .pattern = pattern, .access = Access::kOpen, .handler = std::move(handler),
          .operation_id = id, .summary = summary, .content_type = content_type};
}

Route Post(std::string_view pattern, std::function<void(Context&, CallPtr)> handler, std::string_view id,
           std::string_view summary) {
  return {.method = "POST", .pattern = pattern, .access = Access::kOpen, .handler = std::move(handler),
          .operation_id = id, .summary = summary, .form = true};
}

}  // namespace

Dialect MakeDialect(OAuthServerPtr server) {
  std::vector<Route> routes = {
      Post("/oauth/token", With(server, Token), "oauthToken", "Gives a token for credentials, a code or a refresh token."),
      Get("/oauth/authorize", With(server, ShowLogin), "oauthAuthorize", "A page to log in on.", "text/html"),
      Post("/oauth/authorize", With(server, Login), "oauthLogin", "Logs a user in and goes back to the client with a code."),
      Post("/oauth/revoke", With(server, Revoke), "oauthRevoke", "Ends a token, or a login by its refresh token."),
      Post("/oauth/introspect", With(server, Introspect), "oauthIntrospect", "Says to a client whether a token is good."),
      Get("/.well-known/openid-configuration", With(server, OpenIdMetadata), "openidConfiguration",
          "What the issuer offers, for OpenID Connect."),
      Get("/.well-known/oauth-authorization-server", With(server, ServerMetadata), "authorizationServer",
          "What the issuer offers, for OAuth2."),
      Get("/.well-known/jwks.json", With(server, Jwks), "jwks", "The public keys of the issuer.", "application/jwk-set+json"),
  };
  return {.name = "oauth", .routes = std::move(routes), .error_body = OAuthErrorJson};
}

}  // namespace pano::api::oauth
