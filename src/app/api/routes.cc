#include "app/api/routes.h"

#include "app/api/context.h"
#include "app/api/embeddings.h"
#include "app/api/health.h"
#include "app/api/model_routes.h"
#include "app/api/openai.h"
#include "app/api/openapi.h"
#include "app/api/page.h"
#include "app/api/predict.h"
#include "app/api/tokenize_routes.h"

namespace pano::api {

std::vector<Route> AllRoutes() {
  return {
      {"GET", "/", Access::kOpen, Page, "page", "A page to try the models with.", "", "",
       "text/html"},
      {"GET", "/livez", Access::kOpen, Live, "live", "Whether the process answers.", "", "Live"},
      {"GET", "/readyz", Access::kOpen, Ready, "ready",
       "Whether requests are served: 503 while draining or when an engine makes no progress.", "",
       "Ready"},
      {"GET", "/metrics", Access::kKey, MetricsText, "metrics", "Metrics for Prometheus.", "", "",
       "text/plain"},
      {"GET", "/openapi.json", Access::kKey, OpenApi, "openapi", "This document.", "", "OpenApi"},
      {"GET", "/v1/models", Access::kKey, ListModels, "listModels", "The models that are served.",
       "", "ModelList"},
      {"GET", "/v1/models/{id}", Access::kKey, RetrieveModel, "retrieveModel", "One model.", "",
       "Model"},
      {"POST", "/v1/models/{id}/predict", Access::kKey, Predict, "predict",
       "Continues texts (inputs; streams as progress, done and error events), or looks at whole "
       "inputs (instances).",
       "PredictBody", "PredictAnswer", "application/json", true},
      {"POST", "/v1/models/{id}/versions/{version}/predict", Access::kKey, Predict,
       "predictVersion", "The same with one version of the model.", "PredictBody", "PredictAnswer",
       "application/json", true},
      {"POST", "/v1/chat/completions", Access::kKey, ChatCompletions, "createChatCompletion",
       "OpenAI's chat completions.", "ChatCompletionRequest", "ChatCompletion", "application/json",
       true},
      {"POST", "/v1/completions", Access::kKey, Completions, "createCompletion",
       "OpenAI's completions, with echo and logprobs.", "CompletionRequest", "Completion",
       "application/json", true},
      {"POST", "/v1/embeddings", Access::kKey, Embeddings, "createEmbedding",
       "OpenAI's embeddings.", "EmbeddingsRequest", "EmbeddingsResponse"},
      {"POST", "/v1/tokenize", Access::kKey, Tokenize, "tokenize",
       "Text or a conversation to token ids.", "TokenizeRequest", "TokenizeResponse"},
      {"POST", "/v1/detokenize", Access::kKey, Detokenize, "detokenize", "Token ids to text.",
       "DetokenizeRequest", "DetokenizeResponse"},
  };
}

}  // namespace pano::api
