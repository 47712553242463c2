#include "app/hub/resolve.h"

#include "app/hub/cached_model.h"
#include "app/hub/model_name.h"

namespace pano::hub {

Result<std::string> ResolveModel(const std::string& argument, const HubSettings& settings) {
  if (!IsRegistryName(argument)) return argument;
  PANO_ASSIGN_OR_RETURN(const ModelName name, ParseModelName(argument));
  PANO_ASSIGN_OR_RETURN(CachedModel model, FindCachedModel(name, settings));
  return std::move(model.path);
}

}  // namespace pano::hub
