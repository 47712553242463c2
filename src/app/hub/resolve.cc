#include "app/hub/resolve.h"

#include <utility>

#include "app/hub/cached_model.h"
#include "app/hub/model_name.h"

namespace pano::hub {

Result<std::string> ResolveModel(const std::string& argument, const HubSettings& settings,
                                 const ResolveOptions& options, const std::stop_token& stop) {
  if (!IsRegistryName(argument)) return argument;
  PANO_ASSIGN_OR_RETURN(const ModelName name, ParseModelName(argument));
  Result<CachedModel> cached = FindCachedModel(name, settings);
  if (!cached.ok() || settings.offline) {
    PANO_ASSIGN_OR_RETURN(PullResult pulled, Pull(name, settings, options.pull, stop));
    return std::move(pulled.model.path);
  }
  // A start must not wait long for a hub that is down while the model is here.
  PullOptions once = options.pull;
  once.transfer.retry.attempts = 1;
  Result<PullResult> pulled = Pull(name, settings, once, stop);
  if (pulled.ok()) return std::move(pulled->model.path);
  const Status& failure = pulled.error();
  if (failure.code() == StatusCode::kCancelled || failure.reason() == "revision_not_found") return failure;
  if (options.on_fallback) options.on_fallback(failure);
  return std::move(cached->path);
}

}  // namespace pano::hub
