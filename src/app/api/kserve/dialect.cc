#include "app/api/kserve/dialect.h"

#include <utility>
#include <vector>

#include "app/api/kserve/bodies.h"
#include "app/api/kserve/generate.h"
#include "app/api/kserve/health.h"
#include "app/api/kserve/infer.h"
#include "app/api/kserve/infer_body.h"
#include "app/api/kserve/metadata.h"
#include "app/api/kserve/optional_body.h"
#include "app/api/kserve/repository.h"
#include "app/api/kserve/statistics.h"
#include "base/json.h"

namespace pano::api::kserve {
namespace {

json::Value ErrorText(const Failure& failure, std::string_view) {
  json::Value body;
  body.Set("error", failure.status.message());
  return body;
}

Route Get(std::string_view pattern, Access access, std::function<void(Context&, CallPtr)> handler,
          std::string_view id, std::string_view summary, std::string_view answer) {
  return {.method = "GET",
          .pattern = pattern,
          .access = access,
          .handler = std::move(handler),
          .operation_id = id,
          .summary = summary,
          .response_schema = answer};
}

Route Post(std::string_view pattern, Access access, std::function<void(Context&, CallPtr)> handler,
           std::string_view id, std::string_view summary, std::string_view request, std::string_view answer,
           const BodyFormat& body) {
  Route route = Get(pattern, access, std::move(handler), id, summary, answer);
  route.method = "POST";
  route.request_schema = request;
  route.body = &body;
  return route;
}

Route Streamed(Route route) {
  route.streams = true;
  route.event_schema = "V2GenerateEvents";
  return route;
}

constexpr Access kRead = Access::ModelInPath(auth::Permission::kRead);
constexpr Access kPredict = Access::ModelInPath(auth::Permission::kPredict);
constexpr Access kManage = Access::ModelInPath(auth::Permission::kManage);

}  // namespace

Dialect MakeDialect() {
  std::vector<Route> routes = {
      Get("/v2", Access::kCaller, ServerMetadata, "v2Server", "KServe v2: name, version and extensions of the server.",
          "V2Server"),
      Get("/v2/health/live", Access::kOpen, ServerLive, "v2Live", "Whether the process answers.", "V2Live"),
      Get("/v2/health/ready", Access::kOpen, ServerReady, "v2Ready", "Whether requests are served.", "V2Ready"),
      Get("/v2/models/{id}/ready", kRead, ModelReady, "v2ModelReady", "Whether a model answers.", "V2ModelReady"),
      Get("/v2/models/{id}/versions/{version}/ready", kRead, ModelReady, "v2VersionReady",
          "Whether a version of a model answers.", "V2ModelReady"),
      Get("/v2/models/{id}", kRead, ModelMetadata, "v2Model", "Names, types and shapes of a model's tensors.", "V2Model"),
      Get("/v2/models/{id}/versions/{version}", kRead, ModelMetadata, "v2Version", "The same of one version.", "V2Model"),
      Get("/v2/models/{id}/config", kRead, ModelConfig, "v2Config", "A model's configuration, as Triton writes it.",
          "V2Config"),
      Get("/v2/models/{id}/versions/{version}/config", kRead, ModelConfig, "v2VersionConfig", "The same of one version.",
          "V2Config"),
      Get("/v2/models/stats", Access::kCaller, Statistics, "v2AllStats", "What each model has done so far.", "V2Stats"),
      Get("/v2/models/{id}/stats", kRead, Statistics, "v2Stats", "What a model has done so far, by version.", "V2Stats"),
      Get("/v2/models/{id}/versions/{version}/stats", kRead, Statistics, "v2VersionStats", "The same of one version.",
          "V2Stats"),
      Post("/v2/models/{id}/infer", kPredict, Infer, "v2Infer",
           "Named tensors to named tensors, in JSON or (Inference-Header-Content-Length) as binary data behind it.",
           "V2InferRequest", "V2InferAnswer", kInferBody),
      Post("/v2/models/{id}/versions/{version}/infer", kPredict, Infer, "v2VersionInfer", "The same with one version.",
           "V2InferRequest", "V2InferAnswer", kInferBody),
      Post("/v2/models/{id}/generate", kPredict, Generate, "v2Generate", "Continues a text.", "V2GenerateRequest",
           "V2GenerateAnswer", kOptionalBody),
      Post("/v2/models/{id}/versions/{version}/generate", kPredict, Generate, "v2VersionGenerate",
           "The same with one version.", "V2GenerateRequest", "V2GenerateAnswer", kOptionalBody),
      Streamed(Post("/v2/models/{id}/generate_stream", kPredict, GenerateStream, "v2GenerateStream",
                    "Continues a text, piece by piece.", "V2GenerateRequest", "V2GenerateAnswer", kOptionalBody)),
      Streamed(Post("/v2/models/{id}/versions/{version}/generate_stream", kPredict, GenerateStream,
                    "v2VersionGenerateStream", "The same with one version.", "V2GenerateRequest", "V2GenerateAnswer",
                    kOptionalBody)),
      Post("/v2/repository/index", Access::kCaller, RepositoryIndex, "v2Index",
           "Which models there are, loaded or not.", "V2IndexRequest", "V2Index", kOptionalBody),
      Post("/v2/repository/models/{id}/load", kManage, LoadModel, "v2Load", "Loads a model; answered when it is ready.",
           "V2RepositoryRequest", "V2Done", kOptionalBody),
      Post("/v2/repository/models/{id}/unload", kManage, UnloadModel, "v2Unload",
           "Unloads a model once its requests have ended.", "V2RepositoryRequest", "V2Done", kOptionalBody),
  };
  return {.name = "kserve",
          .routes = std::move(routes),
          .schemas = Schemas(),
          .error_body = ErrorText,
          .absent = {{"/v2/systemsharedmemory", "tensors come in requests"},
                     {"/v2/cudasharedmemory", "tensors come in requests"},
                     {"/v2/trace", "there are no traces"},
                     {"/v2/logging", "the log is set up when the server starts"}},
          .prefix = "/v2"};
}

}  // namespace pano::api::kserve
