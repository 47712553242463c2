#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <string_view>

#include "app/api/call.h"
#include "app/api/generation.h"
#include "app/api/model_host.h"
#include "base/clock.h"
#include "base/json.h"

namespace pano::api {

struct Options {
  bool loopback = true;                            // bound to loopback: check Host and Origin
  Duration keep_alive = std::chrono::seconds(15);  // between comments on a silent stream; 0: none
  Duration stall_limit =
      std::chrono::seconds(30);  // an engine with work and no step for longer is not ready
  size_t json_depth_max = 64;
  int64_t choices_max = 256;  // prompts times n in one request
};

// What connects the API to the rest of the process; all optional.
struct Hooks {
  RequestRecorder record;
  std::function<std::string()> metrics_text;  // Prometheus' text format
};

// What handlers work with.
struct Context {
  Options options;
  Hooks hooks;
  ModelHost& models;
  Generations& generations;
  Clock& clock;
  std::string openapi;  // the document, made once
  std::atomic<bool> draining{false};
};

// The model that a request names, by its path or its `model` field; notes its label in the call.
Refusal FindModel(Context& context, Call& call, ModelVersionPtr& version);
// Refused by name: a model without an engine where one has to generate, one without a predictor
// where it has to look at whole inputs.
Refusal CheckGenerates(const ModelVersion& version);
Refusal CheckPredicts(const ModelVersion& version);

}  // namespace pano::api
