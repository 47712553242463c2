#include "app/api/api.h"

#include <utility>

#include "app/api/guard.h"
#include "app/api/openapi.h"
#include "base/json.h"
#include "base/strings.h"

#ifndef PANO_VERSION
#define PANO_VERSION "0"
#endif

namespace pano::api {
namespace {

Failure NoRoute(const http::Request& request, const RouteTable::Match& match) {
  if (match.allow.empty()) {
    return NotFound(StrCat("there is no '", Printable(request.path), "' here"))
        .WithReason("route_not_found");
  }
  Status status = InvalidArgument(StrCat("'", Printable(request.path), "' takes ", match.allow,
                                         ", not ", Printable(request.method)));
  return Failure(std::move(status).WithReason("method_not_allowed"), 405);
}

}  // namespace

Api::Api(const std::vector<Dialect>& dialects, RouteTable routes, Options options,
         models::ModelHost& models, std::unique_ptr<auth::Authenticator> authenticator, Hooks hooks,
         Clock& clock)
    : authenticator_(std::move(authenticator)),
      routes_(std::move(routes)),
      generations_(clock),
      context_{
          options, std::move(hooks),
          models,  generations_,
          clock,   json::Dump(MakeOpenApi(routes_, dialects, options.document_order, PANO_VERSION)),
          false} {}

Result<std::unique_ptr<Api>> Api::Create(const std::vector<Dialect>& dialects, Options options,
                                         models::ModelHost& models,
                                         std::unique_ptr<auth::Authenticator> authenticator,
                                         Hooks hooks, Clock& clock) {
  PANO_ASSIGN_OR_RETURN(RouteTable routes, RouteTable::Create(dialects));
  return std::unique_ptr<Api>(new Api(dialects, std::move(routes), options, models,
                                      std::move(authenticator), std::move(hooks), clock));
}

Failure Api::Check(Call& call, const RouteTable::Match& match) {
  const http::Request& request = call.request();
  if (context_.options.loopback) PANO_RETURN_IF_ERROR(CheckLoopbackCaller(request));
  // Without a key a caller does not learn which paths exist, either.
  if (!match.route || match.route->access != Access::kOpen) {
    Result<auth::Principal> who = authenticator_->Authenticate(
        {request.Header("Authorization"), request.Header("X-Api-Key")});
    if (!who.ok()) return who.error().WithReason("invalid_api_key");
    call.principal = std::move(who).value();
  }
  if (!match.route) return NoRoute(request, match);
  if (match.route->method != "POST") return {};
  if (Failure failure = CheckJsonContentType(request); !failure.ok()) return failure;
  if (context_.draining) {
    return Status(StatusCode::kUnavailable, "the server is draining").WithReason("draining");
  }
  return ReadBody(call);
}

Status Api::ReadBody(Call& call) {
  json::ParseOptions options;
  options.depth_max = context_.options.json_depth_max;
  // RFC 8259, 8.1: a reader may pass over a byte order mark; Windows editors write one.
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  std::string_view text = call.request().body;
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  Result<json::Value> body = json::Parse(text, options);
  if (!body.ok()) {
    return InvalidArgument(StrCat("the body is no JSON: ", body.error().message()))
        .WithReason("invalid_json");
  }
  call.body = std::move(body).value();
  return {};
}

void Api::Handle(std::shared_ptr<http::Exchange> exchange) {
  auto call = std::make_shared<Call>(std::move(exchange), context_.hooks.record, context_.clock);
  RouteTable::Match match = routes_.Find(call->request());
  call->route = match.route ? std::string(match.route->pattern) : "none";
  call->path_params = std::move(match.params);
  if (match.route) call->error_body = match.route->error_body;
  if (Failure failure = Check(*call, match); !failure.ok()) {
    http::Response response = ErrorResponse(failure, call->request().id, call->error_body);
    if (response.status == 405) response.headers.emplace_back("Allow", match.allow);
    return call->Respond(std::move(response));
  }
  match.route->handler(context_, std::move(call));
}

http::Response HttpErrorBody(int status, std::string_view message, std::string_view request_id) {
  return ErrorResponse(FromHttpStatus(status, message), request_id);
}

}  // namespace pano::api
