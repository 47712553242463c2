#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/api/chat_request.h"
#include "app/api/context.h"
#include "app/api/generation_call.h"
#include "app/api/schema.h"
#include "base/json.h"

namespace pano::api::ollama {

// A request of /api/chat or /api/generate that was read and checked.
struct OllamaCall : GenerationCall {  // with one prompt
  bool chat = true;  // answers are messages; else responses
  std::string model;  // as the client calls it
  std::string created_at;
  std::optional<int64_t> context_max;  // num_ctx: tokens of prompt and answer together
  bool give_context = false;              // the end of the answer has all tokens, for a next request
  std::vector<engine::TokenId> context;   // those of the prompt, for that
  TimePoint begun{};                   // the request came
  TimePoint loaded{};                  // its model was there, and its turn
};

// Whether a reasoning model is to think: "think" as variables of the chat template.
Status ReadThink(const json::Value& body, ChatRequest& request);

// Reads the fields of `body` and of its `options`, and finds the model. The prompt is read by who calls.
Status ReadOllamaFields(Context& context, Call& call, const BodySchema& body, OllamaCall& ollama);

// The whole of an answer, or a piece of it. A value.
struct Said {
  tools::Message message;     // its calls whole
  json::Array logprobs = {};  // where they were asked for
};

// A line of the answer: `said` and whether it was the last.
json::Value LineJson(const OllamaCall& ollama, Said said, bool done);
// Adds to the last line why the answer ended and what it took, in tokens and nanoseconds. `output`: its tokens,
// where the call gives its context.
void SetEnd(const OllamaCall& ollama, TimePoint now, const Output& output, json::Value& line);
// A token's entry of "logprobs".
json::Value LogprobJson(const models::ModelVersion& version, const Output::Token& token);

// Starts the call: a stream of lines, or one.
void StartOllama(Context& context, CallPtr call, OllamaCall ollama);

}  // namespace pano::api::ollama
