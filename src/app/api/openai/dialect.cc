#include "app/api/openai/dialect.h"

#include "app/api/openai/bodies.h"
#include "app/api/openai/chat.h"
#include "app/api/openai/completions.h"
#include "app/api/openai/embeddings.h"
#include "app/api/openai/models.h"

namespace pano::api::openai {
namespace {

constexpr Access kReadInPath = Access::ModelInPath(auth::Permission::kRead);
constexpr Access kPredictInBody = Access::ModelInBody(auth::Permission::kPredict);

}  // namespace

Dialect MakeDialect() {
  std::vector<Route> routes = {
      {"GET", "/v1/models", Access::kCaller, ListModels, "listModels", "The models that are served.",
       "", "ModelList"},
      {"GET", "/v1/models/{id}", kReadInPath, RetrieveModel, "retrieveModel", "One model.", "", "Model"},
      {"POST", "/v1/chat/completions", kPredictInBody, ChatCompletions, "createChatCompletion",
       "OpenAI's chat completions.", "ChatCompletionRequest", "ChatCompletion", "application/json",
       true, "ChatCompletionStream"},
      {"POST", "/v1/completions", kPredictInBody, Completions, "createCompletion",
       "OpenAI's completions, with echo and logprobs.", "CompletionRequest", "Completion",
       "application/json", true, "CompletionStream"},
      {"POST", "/v1/embeddings", kPredictInBody, Embeddings, "createEmbedding",
       "OpenAI's embeddings.", "EmbeddingsRequest", "EmbeddingsResponse"},
  };
  return {.name = "openai", .routes = std::move(routes), .schemas = Schemas()};
}

}  // namespace pano::api::openai
