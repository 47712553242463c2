#include "app/api/api.h"

#include <utility>

#include "app/api/guard.h"
#include "app/api/openapi.h"
#include "app/api/routes.h"
#include "base/json.h"
#include "base/strings.h"

#ifndef PANO_VERSION
#define PANO_VERSION "0"
#endif

namespace pano::api {
namespace {

Failure NoRoute(const http::Request& request, const RouteTable::Match& match) {
  Failure failure;
  if (match.allow.empty()) {
    failure.code = StatusCode::kNotFound;
    failure.message = StrCat("there is no '", Printable(request.path), "' here");
    failure.detail = "route_not_found";
    return failure;
  }
  failure.http_status = 405;
  failure.message = StrCat("'", Printable(request.path), "' takes ", match.allow, ", not ",
                           Printable(request.method));
  failure.detail = "method_not_allowed";
  return failure;
}

}  // namespace

Refusal FindModel(Context& context, Call& call, ModelVersionPtr& version) {
  std::string_view name = call.PathParam("id");
  std::string_view number = call.PathParam("version");
  if (name.empty()) {
    const json::Value* field = call.body.Find("model");
    if (field && field->is_string()) name = field->as_string();
  }
  Result<ModelVersionPtr> found =
      number.empty() ? context.models.Find(name) : context.models.Find(name, number);
  if (!found.ok()) {
    Failure failure = FromStatus(found.error(), "model");
    if (failure.code == StatusCode::kNotFound) failure.detail = "model_not_found";
    return failure;
  }
  version = std::move(found).value();
  call.model = version->label;
  return {};
}

Refusal CheckGenerates(const ModelVersion& version) {
  if (version.engine) return {};
  Failure failure = BadField(
      "model", StrCat("'", version.id, "' does not generate, it is made for ",
                      encoder::TaskName(version.predictor->info().task), ": POST /v1/models/",
                      version.id, "/predict takes its 'instances', /v1/embeddings texts"));
  failure.detail = "model_does_not_generate";
  return failure;
}

Refusal CheckPredicts(const ModelVersion& version) {
  if (version.predictor) return {};
  Failure failure = BadField(
      "model", StrCat("'", version.id, "' generates text and makes no embeddings or labels: ",
                      "POST /v1/models/", version.id, "/predict takes its 'inputs'"));
  failure.detail = "model_only_generates";
  return failure;
}

Api::Api(Options options, ModelHost& models, std::unique_ptr<auth::Authenticator> authenticator,
         Hooks hooks, Clock& clock, RouteTable routes)
    : authenticator_(std::move(authenticator)),
      routes_(std::move(routes)),
      context_{options, std::move(hooks),
               models,  generations_,
               clock,   json::Dump(MakeOpenApi(routes_, PANO_VERSION)),
               false} {}

Result<std::unique_ptr<Api>> Api::Create(Options options, ModelHost& models,
                                         std::unique_ptr<auth::Authenticator> authenticator,
                                         Hooks hooks, Clock& clock) {
  PANO_ASSIGN_OR_RETURN(RouteTable routes, RouteTable::Create(AllRoutes()));
  return std::unique_ptr<Api>(new Api(options, models, std::move(authenticator), std::move(hooks),
                                      clock, std::move(routes)));
}

Refusal Api::Check(Call& call, const RouteTable::Match& match) {
  const http::Request& request = call.request();
  if (context_.options.loopback) {
    if (Refusal refusal = CheckLoopbackCaller(request)) return refusal;
  }
  // A path that does not exist is nobody's business without a key, either.
  if (!match.route || match.route->access != Access::kOpen) {
    Result<auth::Principal> who = authenticator_->Authenticate(
        {request.Header("Authorization"), request.Header("X-Api-Key")});
    if (!who.ok()) {
      Failure failure = FromStatus(who.error());
      failure.detail = "invalid_api_key";
      return failure;
    }
    call.principal = std::move(who).value();
  }
  if (!match.route) return NoRoute(request, match);
  if (match.route->method != "POST") return {};
  if (Refusal refusal = CheckJsonContentType(request)) return refusal;
  if (context_.draining) {
    Failure failure;
    failure.code = StatusCode::kUnavailable;
    failure.message = "the server is draining";
    failure.detail = "draining";
    failure.retry_after_seconds = 1;
    return failure;
  }
  return ReadBody(call);
}

Refusal Api::ReadBody(Call& call) {
  json::ParseOptions options;
  options.depth_max = context_.options.json_depth_max;
  Result<json::Value> body = json::Parse(call.request().body, options);
  if (!body.ok()) {
    Failure failure = BadField("", StrCat("the body is no JSON: ", body.error().message()));
    failure.detail = "invalid_json";
    return failure;
  }
  call.body = std::move(body).value();
  return {};
}

void Api::Handle(std::shared_ptr<http::Exchange> exchange) {
  auto call = std::make_shared<Call>(std::move(exchange), context_.hooks.record, context_.clock);
  RouteTable::Match match = routes_.Find(call->request().method, call->request().path);
  call->route = match.route ? std::string(match.route->pattern) : "none";
  call->path_params = std::move(match.params);
  if (Refusal refusal = Check(*call, match)) {
    http::Response response = ErrorResponse(*refusal, call->request().id);
    if (response.status == 405) response.headers.emplace_back("Allow", match.allow);
    return call->Respond(std::move(response));
  }
  match.route->handler(context_, std::move(call));
}

http::Response HttpErrorBody(int status, std::string_view message, std::string_view request_id) {
  return ErrorResponse(FromHttpStatus(status, message), request_id);
}

}  // namespace pano::api
