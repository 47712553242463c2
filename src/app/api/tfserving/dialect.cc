#include "app/api/tfserving/dialect.h"

#include "app/api/tfserving/model_status.h"

namespace pano::api::tfserving {

Dialect MakeDialect() {
  std::vector<Route> routes = {
      {.method = "GET",
       .pattern = "/v1/models/{id}",
       .access = Access::ModelInPath(auth::Permission::kRead),
       .handler = ModelStatus,
       .operation_id = "modelStatus",
       .summary = "The loaded versions of a model.",
       .query = "format=tfs"},
  };
  return {.name = "tfserving", .routes = std::move(routes)};
}

}  // namespace pano::api::tfserving
