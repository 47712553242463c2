#include "app/service/dialects.h"

#include <array>
#include <string_view>
#include <utility>

#include "app/api/anthropic/dialect.h"
#include "app/api/batches/dialect.h"
#include "app/api/kserve/dialect.h"
#include "app/api/native/dialect.h"
#include "app/api/oauth/dialect.h"
#include "app/api/ollama/dialect.h"
#include "app/api/openai/dialect.h"
#include "app/api/streams/dialect.h"
#include "app/api/tfserving/dialect.h"
#include "app/grpc/dialect.h"

namespace pano::service {
namespace {

constexpr auto kPaths = std::to_array<std::string_view>({
    "/",
    "/livez",
    "/readyz",
    "/metrics",
    "/openapi.json",
    "/v1/models",
    "/v1/models/{id}",
    "/v1/models/{id}/predict",
    "/v1/models/{id}/versions/{version}/predict",
    "/v1/models/{id}/load",
    "/v1/models/{id}/unload",
    "/v1/models/{id}/versions/{version}/load",
    "/v1/models/{id}/versions/{version}/unload",
    "/v1/chat/completions",
    "/v1/completions",
    "/v1/embeddings",
    "/v1/streams/{request_id}",
    "/v1/tokenize",
    "/v1/detokenize",
});

constexpr auto kSchemas = std::to_array<std::string_view>({
    "PredictRequest",
    "PredictParameters",
    "PredictStreamOptions",
    "ChatCompletionRequest",
    "CompletionRequest",
    "StreamOptions",
    "TokenizeRequest",
    "DetokenizeRequest",
    "Message",
    "Usage",
    "Timings",
    "PredictOutput",
    "PredictResponse",
    "ChatChoice",
    "ChatCompletion",
    "CompletionChoice",
    "Completion",
    "InstancesRequest",
    "InstancesParameters",
    "EmbeddingsRequest",
    "InstanceObject",
    "Instance",
    "PredictBody",
    "InstancesTimings",
    "InputUsage",
    "PredictionsResponse",
    "PredictAnswer",
    "Embedding",
    "EmbeddingsResponse",
    "TokenizeResponse",
    "DetokenizeResponse",
    "Model",
    "ModelList",
    "ManageBody",
    "ManageAnswer",
    "Live",
    "Ready",
    "OpenApi",
    "ErrorDetail",
    "Error",
});

}  // namespace

std::vector<api::Dialect> AllDialects() { return DialectsWith(nullptr, nullptr); }

std::vector<api::Dialect> DialectsWith(api::oauth::OAuthServerPtr issuer, api::batches::BatchServerPtr batches) {
  return {
      api::native::MakeDialect(),
      api::openai::MakeDialect(),
      api::anthropic::MakeDialect(),
      api::ollama::MakeDialect(),
      api::resuming::MakeDialect(),
      api::tfserving::MakeDialect(),
      api::kserve::MakeDialect(),
      grpc::MakeDialect(),
      api::batches::MakeDialect(std::move(batches)),
      api::oauth::MakeDialect(std::move(issuer)),
  };
}

api::DocumentOrder OpenApiOrder() { return {.paths = kPaths, .schemas = kSchemas}; }

}  // namespace pano::service
