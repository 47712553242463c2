#include "app/api/native/manage.h"

#include <utility>

#include "base/json.h"
#include "base/strings.h"

namespace pano::api::native {
namespace {

using json::Value;

// Which versions of which model: a name without a version, such as "id" or its alias, leaves the choice to
// the catalog.
Result<models::ModelTarget> Meant(Context& context, const Call& call) {
  PANO_ASSIGN_OR_RETURN(models::ModelTarget target,
                        ResolveModel(context.models, call.principal, call.access, NameOfModel(call)));
  const auto visible = [&call](std::string_view id) { return MaySee(call.principal, call.access, id); };
  const bool named =
      !call.PathParam("version").empty() || context.models.NamesVersion(call.PathParam("id"), visible);
  if (!named) target.version.clear();
  return target;
}

void Manage(Context& context, CallPtr call, bool load) {
  if (!call->body.is_object() || !call->body.as_object().empty()) {
    return call->Fail(BadField("", "this takes no settings: send the body {}"));
  }
  const Result<models::ModelTarget> target = Meant(context, *call);
  if (!target.ok()) return call->Fail(target.error());
  models::ModelCatalog* catalog = context.catalog;
  if (!catalog || catalog->Versions(target->id).empty()) {
    return call->Fail(NotManaged(context, target->id).WithField("model"));
  }
  call->model = target->id;
  auto done = [call, catalog, target = *target](models::ModelCatalog::Refusal refusal) {
    if (!refusal.status.ok()) {
      Failure failure(std::move(refusal.status));
      failure.retry_after_seconds = refusal.retry_after_seconds;
      failure.progress = refusal.progress;
      return call->exchange().Post([call, failure = std::move(failure)] { call->Fail(failure); });
    }
    call->exchange().Post([call, catalog, target] {
      Value versions{json::Array()};
      for (const models::VersionStatus& one : catalog->Versions(target.id)) {
        if (!target.version.empty() && one.target.version != target.version) continue;
        Value entry;
        entry.Set("version", one.target.version);
        entry.Set("state", models::LoadStateName(one.state));
        if (!one.reason.empty()) entry.Set("reason", one.reason);
        versions.Append(std::move(entry));
      }
      Value body;
      body.Set("id", target.id);
      body.Set("version_states", std::move(versions));
      call->RespondJson(body);
    });
  };
  if (load) {
    catalog->Load(target->id, target->version, std::move(done));
  } else {
    catalog->Unload(target->id, target->version, std::move(done));
  }
}

}  // namespace

void LoadModel(Context& context, CallPtr call) { Manage(context, std::move(call), /*load=*/true); }
void UnloadModel(Context& context, CallPtr call) { Manage(context, std::move(call), /*load=*/false); }

}  // namespace pano::api::native
