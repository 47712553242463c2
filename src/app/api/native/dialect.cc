#include "app/api/native/dialect.h"

#include "app/api/native/bodies.h"
#include "app/api/native/health.h"
#include "app/api/native/manage.h"
#include "app/api/native/page.h"
#include "app/api/native/predict.h"
#include "app/api/native/tokenize.h"

namespace pano::api::native {
namespace {

constexpr Access kPredictInPath = Access::ModelInPath(auth::Permission::kPredict);
constexpr Access kManage = Access::ModelInPath(auth::Permission::kManage);
constexpr Access kPredictInBody = Access::ModelInBody(auth::Permission::kPredict);

}  // namespace

Dialect MakeDialect() {
  std::vector<Route> routes = {
      {"GET", "/", Access::kOpen, Page, "page", "A page to try the models with.", "", "",
       "text/html"},
      {"GET", "/livez", Access::kOpen, Live, "live", "Whether the process answers.", "", "Live"},
      {"GET", "/readyz", Access::kOpen, Ready, "ready",
       "Whether requests are served: 503 while draining or when an engine makes no progress.", "",
       "Ready"},
      {"GET", "/health", Access::kOpen, Health, "health", "The same as /readyz in one word.", "",
       "Health"},
      {"GET", kResourceMetadataPath, Access::kOpen, ProtectedResourceMetadata, "protectedResource",
       "Whose tokens this server takes (RFC 9728); 404 where it takes none.", "",
       "ProtectedResource"},
      {"GET", kResourceMetadataPathOfPath, Access::kOpen, ProtectedResourceMetadata, "protectedResourceOfPath",
       "The same of a resource whose name has that path; 404 for another.", "", "ProtectedResource"},
      {"GET", "/metrics", Access::kMetrics, MetricsText, "metrics", "Metrics for Prometheus.", "",
       "", "text/plain"},
      {"GET", "/openapi.json", Access::kCaller, OpenApi, "openapi", "This document.", "", "OpenApi"},
      {"POST", "/v1/models/{id}/predict", kPredictInPath, Predict, "predict",
       "Continues texts (inputs; streams as progress, done and error events), or looks at whole "
       "inputs (instances).",
       "PredictBody", "PredictAnswer", "application/json", true, "PredictStream"},
      {"POST", "/v1/models/{id}/versions/{version}/predict", kPredictInPath, Predict,
       "predictVersion", "The same with one version of the model.", "PredictBody", "PredictAnswer",
       "application/json", true, "PredictStream"},
      {"POST", "/v1/models/{id}/load", kManage, LoadModel, "loadModel",
       "Loads a model, or its new files; answered when it is ready.", "ManageBody", "ManageAnswer"},
      {"POST", "/v1/models/{id}/unload", kManage, UnloadModel, "unloadModel",
       "Unloads a model once its requests have ended, until it is loaded again.", "ManageBody",
       "ManageAnswer"},
      {"POST", "/v1/models/{id}/versions/{version}/load", kManage, LoadModel, "loadModelVersion",
       "The same with one version, or label.", "ManageBody", "ManageAnswer"},
      {"POST", "/v1/models/{id}/versions/{version}/unload", kManage, UnloadModel,
       "unloadModelVersion", "The same with one version, or label.", "ManageBody", "ManageAnswer"},
      {"POST", "/v1/tokenize", kPredictInBody, Tokenize, "tokenize",
       "Text or a conversation to token ids.", "TokenizeRequest", "TokenizeResponse"},
      {"POST", "/v1/detokenize", kPredictInBody, Detokenize, "detokenize", "Token ids to text.",
       "DetokenizeRequest", "DetokenizeResponse"},
  };
  return {.name = "native", .routes = std::move(routes), .schemas = Schemas()};
}

}  // namespace pano::api::native
