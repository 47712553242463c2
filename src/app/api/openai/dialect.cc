#include "app/api/openai/dialect.h"

#include <array>
#include <memory>
#include <utility>

#include "app/api/openai/bodies.h"
#include "app/api/openai/chat.h"
#include "app/api/openai/completions.h"
#include "app/api/openai/embeddings.h"
#include "app/api/openai/models.h"
#include "app/api/openai/rerank.h"
#include "app/api/openai/responses/responses.h"
#include "app/api/openai/score.h"

namespace pano::api::openai {
namespace {

// Endpoints of OpenAI's that are refused by name.
constexpr auto kAbsent = std::to_array<AbsentPath>({
    {"/v1/moderations", "no model here judges texts; serve a classifier and ask it by /v1/models/{id}/predict"},
    {"/v1/images", "no images are made here"},
    {"/v1/videos", "no videos are made here"},
    {"/v1/audio", "speech is neither read nor spoken here"},
    {"/v1/realtime", "speech is neither read nor spoken here"},
    {"/v1/assistants", "use /v1/responses"},
    {"/v1/threads", "use /v1/responses with 'previous_response_id'"},
    {"/v1/conversations", "use /v1/responses with 'previous_response_id'"},
    {"/v1/vector_stores", "nothing is indexed here; /v1/embeddings makes the vectors"},
    {"/v1/containers", "no programs are run here"},
    {"/v1/fine_tuning", "models are trained by `pano train`"},
    {"/v1/evals", "models are measured by `pano eval`"},
    {"/v1/edits", "use /v1/chat/completions"},
    {"/v1/engines", "use /v1/models"},
    {"/v1/classify", "use /v1/models/{id}/predict"},
});

constexpr Access kReadInPath = Access::ModelInPath(auth::Permission::kRead);
constexpr Access kPredictInBody = Access::ModelInBody(auth::Permission::kPredict);

}  // namespace

Dialect MakeDialect() {
  auto with_store = [store = std::make_shared<ResponseStore>(ResponseStore::Options{})](auto handler) {
    return [store, handler](Context& context, CallPtr call) { handler(context, std::move(call), store); };
  };
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
      {"POST", "/v1/responses", kPredictInBody, with_store(CreateResponse), "createResponse",
       "OpenAI's responses.", "ResponseRequest", "Response", "application/json", true, "ResponseStream"},
      {"POST", "/v1/responses/input_tokens", kPredictInBody, with_store(CountResponseInput), "countResponseInput",
       "The tokens of a response's prompt.", "ResponseRequest", "ResponseInputTokens"},
      // Any caller: for all but the one that asked for it a response does not exist.
      {"GET", "/v1/responses/{response_id}", Access::kCaller, with_store(GetResponse), "getResponse",
       "A response of the caller's that is kept.", "", "Response"},
      {"DELETE", "/v1/responses/{response_id}", Access::kCaller, with_store(DeleteResponse), "deleteResponse",
       "Ends the keeping of a response of the caller's.", "", "ResponseDeleted"},
      {"GET", "/v1/responses/{response_id}/input_items", Access::kCaller, with_store(ListResponseInput),
       "listResponseInput", "What such a response was asked.", "", "ResponseInputItems"},
      {"POST", "/v1/rerank", kPredictInBody, Rerank, "rerank",
       "Documents by how well they answer a query, as a cross-encoder sees it.", "RerankRequest", "RerankResponse"},
      {"POST", "/rerank", kPredictInBody, Rerank, "rerankWithoutVersion", "The same as /v1/rerank.",
       "RerankRequest", "RerankResponse"},
      {"POST", "/v2/rerank", kPredictInBody, Rerank, "rerankV2", "The same as /v1/rerank.",
       "RerankRequest", "RerankResponse"},
      {"POST", "/v1/score", kPredictInBody, ScorePairs, "score",
       "How well pairs of texts belong together, as a cross-encoder sees it.", "ScoreRequest", "ScoreResponse"},
      {"POST", "/score", kPredictInBody, ScorePairs, "scoreWithoutVersion", "The same as /v1/score.",
       "ScoreRequest", "ScoreResponse"},
  };
  return {.name = "openai", .routes = std::move(routes), .schemas = Schemas(),
          .absent = {kAbsent.begin(), kAbsent.end()}};
}

}  // namespace pano::api::openai
