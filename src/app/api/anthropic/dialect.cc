#include "app/api/anthropic/dialect.h"

#include "app/api/anthropic/bodies.h"
#include "app/api/anthropic/errors.h"
#include "app/api/anthropic/messages.h"
#include "app/api/anthropic/models.h"

namespace pano::api::anthropic {
namespace {

constexpr Access kPredictInBody = Access::ModelInBody(auth::Permission::kPredict);

}  // namespace

Dialect MakeDialect() {
  std::vector<Route> routes = {
      {.method = "POST",
       .pattern = "/v1/messages",
       .access = kPredictInBody,
       .handler = Messages,
       .operation_id = "createMessage",
       .summary = "Anthropic's messages, plain or streamed.",
       .request_schema = "MessagesRequest",
       .response_schema = "MessagesAnswer",
       .streams = true,
       .event_schema = "MessagesStream"},
      {.method = "POST",
       .pattern = "/v1/messages/count_tokens",
       .access = kPredictInBody,
       .handler = CountTokens,
       .operation_id = "countMessageTokens",
       .summary = "The tokens of such a message, which is not answered.",
       .request_schema = "MessagesCountRequest",
       .response_schema = "MessagesCount"},
      {.method = "GET",
       .pattern = "/v1/models",
       .access = Access::kCaller,
       .handler = ListModels,
       .operation_id = "listAnthropicModels",
       .summary = "The models that are served, in Anthropic's shape.",
       .header = "anthropic-version"},
      {.method = "GET",
       .pattern = "/v1/models/{id}",
       .access = Access::ModelInPath(auth::Permission::kRead),
       .handler = RetrieveModel,
       .operation_id = "retrieveAnthropicModel",
       .summary = "One model, in Anthropic's shape.",
       .header = "anthropic-version"},
  };
  return {.name = "anthropic", .routes = std::move(routes), .schemas = Schemas(), .error_body = ErrorBodyJson};
}

}  // namespace pano::api::anthropic
