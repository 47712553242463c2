#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/api/parameters.h"
#include "app/models/generator.h"
#include "base/clock.h"
#include "base/status.h"
#include "model/engine/request.h"

namespace pano::api {

// One prompt in tokens, with its text where the request gave one.
struct Prompt {
  std::vector<engine::TokenId> ids;
  std::string text;
  bool has_text = false;
};

// What all engine requests of one call have in common.
struct RequestFrame {
  const Parameters& parameters;
  const models::Generator& version;
  std::string id;
  std::string tenant;
  TimePoint now;                 // what timeout_ms counts from
  int32_t logprobs = -1;         // alternatives per token; -1: none
  int32_t prompt_logprobs = -1;  // the same for each token of the prompt
  int64_t choices_max = 256;     // prompts times n
  std::vector<engine::TokenId> shown_special = {};  // special tokens that are text all the same; ascending
  std::optional<int64_t> default_max_tokens =
      {};  // the dialect's; none: what is left of the context
  // What every answer must be; null: anything.
  std::shared_ptr<const grammar::CompiledGrammar> grammar = nullptr;
  std::optional<engine::ReasoningLimit> reasoning = {};  // beside a grammar
};

// The memory that prompts take until they are answered.
size_t HeldBytes(const std::vector<Prompt>& prompts);
// Drops what only an echo needs, where there is none: each prompt's place stays.
void DropUnlessEchoed(const Parameters& parameters, std::vector<Prompt>& prompts);

// Engine requests, one a prompt, named "<id>-0", "<id>-1"...: the request's fields over the model's
// generation_config over OpenAI's defaults.
Status MakeEngineRequests(const RequestFrame& frame, const std::vector<Prompt>& prompts,
                          std::vector<engine::Request>& requests);

}  // namespace pano::api
