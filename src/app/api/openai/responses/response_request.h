#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "app/api/constraint.h"
#include "app/api/context.h"
#include "app/api/generation_request.h"
#include "app/api/message_output.h"
#include "app/api/openai/responses/input_items.h"
#include "app/api/openai/responses/response_store.h"
#include "app/api/parameters.h"
#include "base/json.h"

namespace pano::api::openai {

// A request to /v1/responses that was read and checked.
struct ResponseRequest {
  models::GeneratorPtr version;
  Parameters parameters;
  Prompt prompt;
  MessageSource message;       // how the answer is read
  std::optional<constraints::Source> constraint;  // what it must be; none: anything
  std::string id;              // "resp_..."
  json::Value frame;           // the response object: what does not depend on the answer
  ResponseInput input;
  std::shared_ptr<const StoredResponse> previous;  // what the talk goes on from
  bool stored = true;          // once answered
  std::string owner;           // whose it is
  int32_t logprobs = -1;       // alternatives per token; -1: none
  bool has_deadline = false;   // of its own
};

// Reads the body, and encodes the talk: instructions, the turns before, the input.
Status ReadResponseRequest(Context& context, Call& call, ResponseStore& store, ResponseRequest& request);

// The response object: `frame` with its status, its output and its usage (null while it is in progress). `incomplete`:
// why it ended early; "": it did not. `error`: its "error"; null: none.
json::Value ResponseJson(const json::Value& frame, std::string_view status, json::Value output, json::Value usage,
                         std::string_view incomplete = "", json::Value error = {});

}  // namespace pano::api::openai
