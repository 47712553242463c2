#include "app/api/kserve/health.h"

#include "app/inference/server_state.h"
#include "base/json.h"
#include "base/strings.h"

namespace pano::api::kserve {

void ServerLive(Context&, CallPtr call) {
  json::Value body;
  body.Set("live", true);
  call->RespondJson(body);
}

void ServerReady(Context& context, CallPtr call) {
  const std::string why = inference::WhyServerNotReady(context);
  if (!why.empty()) return call->Fail(Status(StatusCode::kUnavailable, StrCat("the server is not ready: ", why)));
  json::Value body;
  body.Set("ready", true);
  call->RespondJson(body);
}

void ModelReady(Context& context, CallPtr call) {
  if (Status ready = inference::CheckModelReady(context, *call); !ready.ok()) return call->Fail(ready);
  json::Value body;
  body.Set("name", call->PathParam("id"));
  body.Set("ready", true);
  call->RespondJson(body);
}

}  // namespace pano::api::kserve
