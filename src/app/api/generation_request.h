#pragma once

#include <string>
#include <vector>

#include "app/api/call.h"
#include "app/api/failure.h"
#include "app/api/model_version.h"
#include "app/api/parameters.h"
#include "app/api/schema.h"
#include "model/engine/request.h"

namespace pano::api {

// One prompt in tokens, with its text where the request gave one.
struct Prompt {
  std::vector<engine::TokenId> ids;
  std::string text;
  bool has_text = false;
};

// Engine requests, one a prompt, named "<id>-0", "<id>-1"...: the request's fields over the model's
// generation_config over OpenAI's defaults. `tenant` and the clock's now (for timeout_ms) go in.
struct RequestFrame {
  const Parameters& parameters;
  const ModelVersion& version;
  BodyKind body;
  std::string id;
  std::string tenant;
  TimePoint now;
  int32_t logprobs = -1;  // alternatives per token; -1: none
  int32_t prompt_logprobs = -1;
  int64_t choices_max = 256;
};
Refusal MakeEngineRequests(const RequestFrame& frame, const std::vector<Prompt>& prompts,
                           std::vector<engine::Request>& requests);

}  // namespace pano::api
