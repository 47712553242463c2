#include "app/api/tfserving/model_status.h"

#include <utility>
#include <vector>

#include "app/api/tfserving/serving_signature.h"
#include "base/json.h"

namespace pano::api::tfserving {

using json::Value;

namespace {

// TensorFlow Serving's names (get_model_status.proto).
const char* StateName(models::LoadState state) {
  switch (state) {
    case models::LoadState::kUnloaded:
      return "START";
    case models::LoadState::kLoading:
      return "LOADING";
    case models::LoadState::kReady:
      return "AVAILABLE";
    case models::LoadState::kUnloading:
      return "UNLOADING";
    case models::LoadState::kFailed:
      return "END";
  }
  return "UNKNOWN";
}

Value StatusJson(std::string_view version, models::LoadState state, std::string_view error) {
  Value status;
  status.Set("version", version);
  status.Set("state", StateName(state));
  Value& code = status.Set("status", json::Object());
  const bool failed = state == models::LoadState::kFailed;
  code.Set("error_code", failed ? "UNAVAILABLE" : "OK");
  code.Set("error_message", failed ? error : "");
  return status;
}

}  // namespace

// Every version, the newest first, or the one that the path names.
void ModelStatus(Context& context, CallPtr call) {
  const Result<models::ModelTarget> target =
      ResolveModel(context.models, call->principal, call->access, NameOfModel(*call));
  if (!target.ok()) return call->Fail(context.loading ? Loading() : target.error());
  const bool one_version = !call->PathParam("version").empty();
  if (Status label = CheckLabel(*call, target->version); !label.ok()) return call->Fail(label);
  const models::ModelCatalog* catalog = context.catalog;
  std::vector<models::VersionStatus> versions;
  if (catalog) versions = catalog->Versions(target->id);
  if (versions.empty()) {
    for (const models::ModelVersionPtr& one : context.models.Versions(target->id)) {
      versions.push_back({.target = {one->id, one->version}, .state = models::LoadState::kReady});
    }
  }
  Value list{json::Array()};
  for (auto one = versions.rbegin(); one != versions.rend(); ++one) {
    if (one_version && one->target.version != target->version) continue;
    list.Append(StatusJson(one->target.version, one->state, one->reason));
  }
  Value body;
  body.Set("model_version_status", std::move(list));
  call->RespondJson(body);
}

}  // namespace pano::api::tfserving
