#include "app/api/native/health.h"

#include "base/json.h"
#include "base/strings.h"

namespace pano::api::native {
namespace {

using json::Value;

// Why one version cannot answer now; "" when it can.
std::string NotReadyReason(const Context& context, const models::ModelVersion& version) {
  if (Status files = version.CheckFiles(); !files.ok()) return files.message();
  double idle = version.service().GetStats().seconds_since_progress;
  if (idle <= Seconds(context.options.stall_limit)) return "";
  return StrCat("no step for ", static_cast<int64_t>(idle), " s while there is work");
}

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

// Why the server takes no requests now; "" when it does. Each version's own state goes to `models`;
// where callers have to show who they are, these routes do not tell others which models there are.
std::string NotReadyReason(const Context& context, Value& models) {
  std::string reason;
  if (context.draining) reason = "draining";
  if (context.loading && reason.empty()) reason = "loading";
  std::vector<models::ModelVersionPtr> versions = context.models.List();
  if (versions.empty() && reason.empty()) reason = "no model is loaded";
  for (const models::ModelVersionPtr& version : versions) {
    std::string why = NotReadyReason(context, *version);
    if (context.credentials_required) {
      if (!why.empty() && reason.empty()) reason = "a model is not ready";
      continue;
    }
    Value model;
    model.Set("model", version->FullName());
    model.Set("ready", why.empty());
    if (!why.empty()) model.Set("reason", why);
    models.Append(std::move(model));
    if (!why.empty() && reason.empty()) reason = StrCat(version->FullName(), ": ", why);
  }
  return reason;
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
  if (context.options.resource.authorization_servers.empty()) {
    return call->Fail(NotFound("this server takes no tokens").WithReason("no_tokens"));
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
