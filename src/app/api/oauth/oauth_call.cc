#include "app/api/oauth/oauth_call.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/log.h"
#include "base/strings.h"

namespace pano::api::oauth {
namespace {

constexpr std::array<std::string_view, 10> kErrors = {
    "invalid_request", "invalid_client",  "invalid_grant",           "invalid_scope",          "unauthorized_client",
    "access_denied",   "slow_down",       "unsupported_grant_type",  "unsupported_response_type", "server_error"};

// RFC 6749, 5.2: printable ASCII without '"' and '\'.
std::string Description(std::string_view text) {
  std::string out;
  for (char c : text.substr(0, 400)) out += c == '"' ? '\'' : (c < 0x20 || c >= 0x7f || c == '\\') ? '?' : c;
  return out;
}

}  // namespace

json::Value OAuthErrorJson(const Failure& failure, std::string_view) {
  const std::string& reason = failure.status.reason();
  const int http_status = failure.HttpStatus();
  std::string_view error = "invalid_request";
  if (std::find(kErrors.begin(), kErrors.end(), reason) != kErrors.end()) error = reason;
  else if (http_status >= 500) error = http_status == 500 ? "server_error" : "temporarily_unavailable";
  json::Value body;
  body.Set("error", error);
  body.Set("error_description", Description(failure.status.message()));
  return body;
}

Failure OAuthFailure(const Status& status) {
  const std::string& reason = status.reason();
  if (reason == "invalid_client") {
    Failure failure(status, 401);
    failure.challenge = "Basic realm=\"panorama\"";
    return failure;
  }
  if (reason == "slow_down") return Failure(status, 429);
  if (std::find(kErrors.begin(), kErrors.end(), reason) != kErrors.end()) return Failure(status, 400);
  LogError("[auth] ", status.message());
  const bool passes = status.code() == StatusCode::kUnavailable || status.code() == StatusCode::kExhausted;
  return Status(passes ? StatusCode::kUnavailable : StatusCode::kInternal,
                passes ? "the issuer cannot write its state now; try again later" : "the issuer failed");
}

void RespondSecret(Call& call, const json::Value& body) {
  http::Response response;
  response.headers = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}, {"Pragma", "no-cache"}};
  response.body = json::Dump(body);
  call.Respond(std::move(response));
}

void FailSecret(Call& call, const Failure& failure) {
  http::Response response = ErrorResponse(failure, call.request().id, OAuthErrorJson);
  response.headers.emplace_back("Cache-Control", "no-store");
  response.headers.emplace_back("Pragma", "no-cache");
  call.Respond(std::move(response));
}

std::string AddressOf(const http::Request& request) {
  return request.peer.substr(0, request.peer.rfind(':'));
}

Result<issuer::ClientProof> ReadProof(const http::Request& request, const Form& form) {
  Result<BasicCredentials> basic = ParseBasic(request.Header("Authorization"));
  if (!basic.ok()) return basic.error().WithReason("invalid_request");
  issuer::ClientProof proof{.address = AddressOf(request)};
  if (!basic->shown) {
    proof.id = form.Get("client_id");
    proof.secret = form.Get("client_secret");
    return proof;
  }
  const std::string& id = form.Get("client_id");
  if (!form.Get("client_secret").empty() || (!id.empty() && id != basic->id)) {
    return InvalidArgument("the client shows itself in two ways: Basic and in the form").WithReason("invalid_request");
  }
  proof.id = std::move(basic->id);
  proof.secret = std::move(basic->secret);
  return proof;
}

audit::Event EventOf(const Call& call, std::string action, std::string actor, const Status& outcome) {
  audit::Event event{.action = std::move(action),
                     .outcome = outcome.ok() ? "ok" : "denied",
                     .actor = std::move(actor),
                     .peer = call.request().peer,
                     .request_id = call.request().id};
  if (!outcome.ok()) event.details.emplace_back("error", outcome.reason());
  return event;
}

}  // namespace pano::api::oauth
