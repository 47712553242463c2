#include "app/api/visible_models.h"

#include <map>
#include <utility>

namespace pano::api {

std::vector<VisibleModel> VisibleModels(const Context& context, const Call& call) {
  const models::ModelCatalog* catalog = context.catalog;
  std::map<std::string, VisibleModel> by_id;
  const auto add = [&](const std::string& id) -> VisibleModel* {
    if (!MaySee(call.principal, call.access, id)) return nullptr;
    const auto [place, added] = by_id.try_emplace(id);
    if (added) {
      place->second.id = id;
      if (catalog) place->second.states = catalog->Versions(id);
    }
    return &place->second;
  };
  // By id, then by version: the highest of an id is its last.
  for (const models::ModelVersionPtr& version : context.models.List()) {
    if (VisibleModel* model = add(version->id)) model->version = version;
  }
  if (catalog) {
    for (const models::VersionStatus& one : catalog->List()) add(one.target.id);
  }
  std::vector<VisibleModel> models;
  for (auto& [id, model] : by_id) models.push_back(std::move(model));
  return models;
}

}  // namespace pano::api
