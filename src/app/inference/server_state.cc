#include "app/inference/server_state.h"

#include "app/api/policy/authorization.h"
#include "base/strings.h"

#ifndef PANO_VERSION
#define PANO_VERSION "0"
#endif

namespace pano::inference {

std::string_view ServerVersion() { return PANO_VERSION; }

std::string WhyServerNotReady(const api::Context& context) {
  if (context.draining) return "draining";
  if (context.loading) return "loading";
  for (const models::ModelVersionPtr& version : context.models.List()) {
    if (api::NotReadyReason(context, *version).empty()) return "";
  }
  if (const models::ModelCatalog* catalog = context.catalog) {
    for (const models::VersionStatus& one : catalog->List()) {
      if (one.on_request) return "";
    }
  }
  return "no model answers";
}

Result<models::ModelVersionPtr> LookUp(const api::Context& context, const api::Call& call) {
  Result<models::ModelVersionPtr> version =
      api::LookUpModel(context.models, call.principal, call.access, api::NameOfModel(call));
  if (!version.ok() && context.loading) return api::Loading();
  return version;
}

Status CheckModelReady(const api::Context& context, const api::Call& call) {
  PANO_ASSIGN_OR_RETURN(const models::ModelVersionPtr version, LookUp(context, call));
  const std::string why = api::NotReadyReason(context, *version);
  if (why.empty()) return {};
  return Status(StatusCode::kUnavailable, StrCat("the model '", version->id, "' is not ready: ", why));
}

}  // namespace pano::inference
