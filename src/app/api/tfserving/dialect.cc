#include "app/api/tfserving/dialect.h"

#include <functional>
#include <utility>
#include <vector>

#include "app/api/document/component_schemas.h"
#include "app/api/tfserving/metadata.h"
#include "app/api/tfserving/model_status.h"
#include "app/api/tfserving/predict.h"
#include "app/api/tfserving/predict_body.h"
#include "base/json.h"

namespace pano::api::tfserving {
namespace {

json::Value ErrorText(const Failure& failure, std::string_view) {
  json::Value body;
  body.Set("error", failure.status.message());
  return body;
}

using Handler = void (*)(Context& context, CallPtr call);

Route Get(std::string_view pattern, Handler handler, std::string_view id, std::string_view summary,
          std::string_view answer, std::string_view query = {}) {
  return {.method = "GET",
          .pattern = pattern,
          .access = Access::ModelInPath(auth::Permission::kRead),
          .handler = handler,
          .operation_id = id,
          .summary = summary,
          .response_schema = answer,
          .query = query};
}

Route Post(std::string_view pattern, Handler handler, std::string_view id, std::string_view summary) {
  return {.method = "POST",
          .pattern = pattern,
          .access = Access::ModelInPath(auth::Permission::kPredict),
          .handler = handler,
          .operation_id = id,
          .summary = summary,
          .request_schema = "TfsPredictRequest",
          .response_schema = "TfsPredictAnswer"};
}

std::vector<NamedSchema> Schemas() {
  return {
      {"TfsPredictRequest", SchemaOf(PredictBody())},
      {"TfsPredictAnswer", ObjectSchema({{"predictions?", "[o"}, {"outputs?", "o"}})},
      {"TfsModelStatus", ObjectSchema({{"model_version_status", "[o"}})},
      {"TfsMetadata", ObjectSchema({{"model_spec", "o"}, {"metadata", "o"}})},
  };
}

}  // namespace

// A label stands where {version} does: models::ModelHost knows both.
Dialect MakeDialect() {
  std::vector<Route> routes = {
      Get("/v1/models/{id}", ModelStatus, "modelStatus", "TensorFlow Serving: the versions of a model.", "TfsModelStatus",
          "format=tfs"),
      Get("/v1/models/{id}/versions/{version}", ModelStatus, "tfsVersionStatus", "The same of one version.",
          "TfsModelStatus"),
      Get("/v1/models/{id}/labels/{version}", ModelStatus, "tfsLabelStatus", "The same of the version with a label.",
          "TfsModelStatus"),
      Get("/v1/models/{id}/metadata", Metadata, "tfsMetadata", "TensorFlow Serving: a model's signatures.", "TfsMetadata"),
      Get("/v1/models/{id}/versions/{version}/metadata", Metadata, "tfsVersionMetadata", "The same of one version.",
          "TfsMetadata"),
      Get("/v1/models/{id}/labels/{version}/metadata", Metadata, "tfsLabelMetadata",
          "The same of the version with a label.", "TfsMetadata"),
      Post("/v1/models/{id}:predict", Predict, "tfsPredict",
           "TensorFlow Serving: instances (rows) to predictions, or inputs (columns) to outputs."),
      Post("/v1/models/{id}/versions/{version}:predict", Predict, "tfsVersionPredict", "The same with one version."),
      Post("/v1/models/{id}/labels/{version}:predict", Predict, "tfsLabelPredict", "The same with the version of a label."),
      Post("/v1/models/{id}:classify", RefuseMethod, "tfsClassify", "Refused by name: no model has such a signature."),
      Post("/v1/models/{id}:regress", RefuseMethod, "tfsRegress", "Refused by name: no model has such a signature."),
  };
  return {.name = "tfserving", .routes = std::move(routes), .schemas = Schemas(), .error_body = ErrorText};
}

}  // namespace pano::api::tfserving
