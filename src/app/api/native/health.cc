#include "app/api/native/health.h"

#include "base/json.h"
#include "base/strings.h"

namespace pano::api::native {
namespace {

using json::Value;

// 200, or 503 where there is a reason.
void RespondHealth(Call& call, const std::string& reason, const Value& body) {
  http::Response response;
  response.status = reason.empty() ? 200 : 503;
  response.headers.emplace_back("Content-Type", "application/json");
  response.headers.emplace_back("Cache-Control", "no-store");
  if (!reason.empty()) SetRetryAfter(response, 1);
  response.body = json::Dump(body);
  call.Respond(std::move(response));
}

// What a version says of itself to whoever asks.
void AppendState(const models::ModelTarget& target, const std::string& why_not, Value& models) {
  Value model;
  model.Set("model", target.FullName());
  model.Set("ready", why_not.empty());
  if (!why_not.empty()) model.Set("reason", why_not);
  models.Append(std::move(model));
}

// Why the server takes no requests now; "" when it does: one model that answers, or that a request would
// have loaded, is enough, since what is wrong with another is no reason to send its callers elsewhere.
// Each version's own state goes to `models`; where callers have to show who they are, these routes do not
// tell others which models there are.
std::string NotReadyReason(const Context& context, Value& models) {
  bool any = false;
  std::string first;  // of the reasons
  auto see = [&](const models::ModelTarget& target, const std::string& why, bool on_request) {
    any = any || why.empty() || on_request;
    if (!why.empty() && first.empty()) {
      first = context.credentials_required ? "a model is not ready" : StrCat(target.FullName(), ": ", why);
    }
    if (!context.credentials_required) AppendState(target, why, models);
  };
  for (const models::ModelVersionPtr& version : context.models.List()) {
    see({version->id, version->version}, api::NotReadyReason(context, *version), false);
  }
  if (const models::ModelCatalog* catalog = context.catalog) {
    for (const models::VersionStatus& one : catalog->List()) {
      if (one.state == models::LoadState::kReady) continue;  // it is among those that are loaded
      const char* state = models::LoadStateName(one.state);
      see(one.target, one.reason.empty() ? state : StrCat(state, ": ", one.reason), one.on_request);
    }
  }
  if (context.draining) return "draining";
  if (context.loading) return "loading";
  if (any) return "";
  return first.empty() ? "no model is loaded" : first;
}

}  // namespace

void Live(Context&, CallPtr call) {
  Value body;
  body.Set("live", true);
  call->RespondJson(body);
}

void Ready(Context& context, CallPtr call) {
  Value models{json::Array()};
  std::string reason = NotReadyReason(context, models);
  Value body;
  body.Set("ready", reason.empty());
  if (!reason.empty()) body.Set("reason", reason);
  body.Set("models", std::move(models));
  RespondHealth(*call, reason, body);
}

void Health(Context& context, CallPtr call) {
  Value models;
  std::string reason = NotReadyReason(context, models);
  Value body;
  body.Set("status", reason.empty() ? "ok" : "unavailable");
  if (!reason.empty()) body.Set("reason", reason);
  RespondHealth(*call, reason, body);
}

void ProtectedResourceMetadata(Context& context, CallPtr call) {
  if (AuthorizationServers(context.options.resource).empty()) {
    return call->Fail(NotFound("this server takes no tokens").WithReason("no_tokens"));
  }
  const std::string_view path = call->PathParam("path");
  if (!path.empty() && ResourcePath(context.options.resource) != StrCat("/", path)) {
    return call->Fail(NotFound("there is no resource of that path here").WithReason("resource_not_found"));
  }
  call->RespondJson(ResourceMetadata(context.options.resource, call->request()));
}

void MetricsText(Context& context, CallPtr call) {
  http::Response response;
  response.headers.emplace_back("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  if (context.hooks.metrics_text) response.body = context.hooks.metrics_text();
  call->Respond(std::move(response));
}

void OpenApi(Context& context, CallPtr call) {
  http::Response response;
  response.headers.emplace_back("Content-Type", "application/json");
  response.body = context.openapi;
  call->Respond(std::move(response));
}

}  // namespace pano::api::native
