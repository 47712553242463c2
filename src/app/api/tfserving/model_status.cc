#include "app/api/tfserving/model_status.h"

#include <utility>
#include <vector>

#include "base/json.h"

namespace pano::api::tfserving {

using json::Value;

// Every version that is loaded, the newest first.
void ModelStatus(Context& context, CallPtr call) {
  Result<models::ModelVersionPtr> version = FindModel(context, *call);
  if (!version.ok()) return call->Fail(version.error());
  Value list{json::Array()};
  const std::vector<models::ModelVersionPtr> versions = context.models.Versions((*version)->id);
  for (auto one = versions.rbegin(); one != versions.rend(); ++one) {
    Value status;
    status.Set("version", (*one)->version);
    status.Set("state", "AVAILABLE");
    Value& code = status.Set("status", json::Object());
    code.Set("error_code", "OK");
    code.Set("error_message", "");
    list.Append(std::move(status));
  }
  Value body;
  body.Set("model_version_status", std::move(list));
  call->RespondJson(body);
}

}  // namespace pano::api::tfserving
