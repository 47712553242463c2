#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/fwd.h"
#include "base/result.h"
#include "model/engine/options.h"
#include "model/engine/request.h"
#include "model/engine/stats.h"
#include "model/engine/token_stream.h"
#include "model/nn/fwd.h"
#include "model/serving/batch_policy.h"
#include "model/serving/service.h"
#include "model/tokenizer/fwd.h"

namespace pano::engine {

// One loop thread that owns sequences, KV blocks and the model's state; everybody else sends it
// messages. Continuous batching, chunked prefill, paged KV with prefix reuse, preemption by
// recompute. Destruction ends running requests as cancelled. Thread-safe.
class Engine : public serving::Service {
 public:
  // `model`, `pool` and `clock` outlive the engine; `tokenizer` may be null: then events have no
  // text and stop strings are refused. Exhausted when KV memory cannot be had, InvalidArgument for
  // options that are out of range or a draft model that does not fit. A null `policy` is the
  // ContinuousBatchPolicy of the options.
  static Result<std::unique_ptr<Engine>> Create(
      nn::Model& model, tokenizer::TokenizerPtr tokenizer, ComputePool& pool, Options options,
      Observer observer = {}, std::unique_ptr<serving::BatchPolicy> policy = nullptr,
      Clock& clock = Clock::Real());
  // Answers at once. InvalidArgument (with the field whose value is out of range or whose token is
  // outside the vocabulary, or with the reason serving::kContextLengthExceeded when the prompt
  // leaves no room for a token), Exhausted (queue full), Unavailable (draining), AlreadyExists (a
  // request with this id is running), Deadline (it would pass while the request waits). When the last copy of the pointer goes, the request is
  // cancelled.
  virtual Result<std::shared_ptr<TokenStream>> Submit(Request request) = 0;

  virtual Stats GetEngineStats() const = 0;
  serving::Stats GetStats() const override { return GetEngineStats().serving; }
  virtual int64_t context_max() const = 0;
};

}  // namespace pano::engine
