#include "app/inference/model_control.h"

#include <string>
#include <utility>

#include "app/api/policy/authorization.h"
#include "base/strings.h"

namespace pano::inference {

void ControlModel(api::Context& context, api::CallPtr call, bool load, std::function<void(api::Call&)> done) {
  Result<models::ModelTarget> target =
      api::ResolveModel(context.models, call->principal, call->access, api::NameOfModel(*call));
  if (!target.ok()) return call->Fail(target.error());
  const bool named = !call->PathParam("version").empty() || call->PathParam("id").find('@') != std::string_view::npos;
  if (!named) target->version.clear();  // the catalog chooses
  call->model = target->id;
  models::ModelCatalog* catalog = context.catalog;
  if (!catalog || catalog->Versions(target->id).empty()) {
    if (load) return done(*call);  // it is, as long as the server runs
    return call->Fail(api::NotManaged(context, target->id));
  }
  auto finish = [call, done = std::move(done)](models::ModelCatalog::Refusal refusal) {
    api::Failure failure(std::move(refusal.status));
    failure.retry_after_seconds = refusal.retry_after_seconds;
    failure.progress = refusal.progress;
    call->exchange().Post([call, done, failure = std::move(failure)] {
      if (failure.ok()) return done(*call);
      call->Fail(failure);
    });
  };
  if (load) return catalog->Load(target->id, target->version, std::move(finish));
  catalog->Unload(target->id, target->version, std::move(finish));
}

}  // namespace pano::inference
