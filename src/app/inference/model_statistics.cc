#include "app/inference/model_statistics.h"

#include "app/api/policy/authorization.h"
#include "app/inference/server_state.h"

namespace pano::inference {
namespace {

ModelStatistics Of(const api::Context& context, const models::ModelVersion& version) {
  return {version.id, version.version, context.statistics.Of(version.label), version.service().GetStats().steps};
}

}  // namespace

Result<std::vector<ModelStatistics>> StatisticsOf(const api::Context& context, const api::Call& call) {
  std::vector<ModelStatistics> statistics;
  if (call.PathParam("id").empty()) {
    for (const models::ModelVersionPtr& version : context.models.List()) {
      if (api::MaySee(call.principal, call.access, version->id)) statistics.push_back(Of(context, *version));
    }
    return statistics;
  }
  PANO_ASSIGN_OR_RETURN(const models::ModelVersionPtr named, LookUp(context, call));
  if (!call.PathParam("version").empty()) {
    statistics.push_back(Of(context, *named));
    return statistics;
  }
  for (const models::ModelVersionPtr& version : context.models.Versions(named->id)) {
    statistics.push_back(Of(context, *version));
  }
  return statistics;
}

}  // namespace pano::inference
