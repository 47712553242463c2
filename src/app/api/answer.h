#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "app/api/failure.h"
#include "app/api/generation.h"
#include "base/json.h"
#include "model/engine/request.h"

namespace pano::api {

// One choice of one prompt, complete.
struct Output {
  struct Token {
    engine::TokenId id = 0;
    std::string text;  // what it added to the text; "" while some is held back
    float logprob = 0;
    std::vector<engine::TokenLogprob> top;
  };
  std::string text;
  std::vector<Token> tokens;
  engine::FinishReason reason = engine::FinishReason::kStop;
  std::string stop_match;  // the stop string that ended it, if one did
  engine::Usage usage;
  engine::Timings timings;
  std::string error;
  std::string error_reason;  // of an error that is the request's own fault
};

// Everything that was generated for one call. A value.
struct Answer {
  // What one plain answer may hold: the prompt's part counts once a choice, as it is written. What is
  // certain beforehand is refused beforehand (MakeEngineRequests), of streams the prompts' part.
  static constexpr size_t kBytesMax = 64 << 20;
  // Of each log-probability, alternatives included, and of each token.
  static constexpr size_t kBytesPerLogprob = 64;
  static constexpr size_t kBytesPerToken = 8;

  Answer(size_t inputs, int32_t n)
      : choices(n), prompts(inputs), outputs(inputs * static_cast<size_t>(n)) {}

  int32_t choices;                                               // of each prompt
  std::vector<std::vector<engine::Event::PromptToken>> prompts;  // logprobs, where asked for
  std::vector<Output> outputs;                                   // prompt by prompt

  size_t bytes() const { return bytes_; }  // roughly, on its way out
  // False when it has become too large; Check says so then.
  bool Add(size_t input, engine::Event event);
  // Why there is nothing to answer with: an error, a shutdown, a deadline before the first token.
  Status Check() const;
  engine::Usage TotalUsage() const;
  engine::Timings TotalTimings() const;

 private:
  size_t bytes_ = 0;
};

// What a plain (not streamed) call waits with. Confined to the connection's thread.
class AnswerCollector final : public GenerationSink {
 public:
  // `then` runs on a thread of the pool: the answer may be much to write. It answers the call, also
  // when memory runs out.
  AnswerCollector(WorkPool& pool, CallPtr call, size_t inputs, int32_t n,
                  std::function<void(const Answer&)> then)
      : pool_(pool),
        call_(std::move(call)),
        answer_(std::make_shared<Answer>(inputs, n)),
        then_(std::move(then)) {
    if (call_->answers) lease_ = call_->answers->Take(0);
  }
  bool OnEvent(size_t input, engine::Event event) override;
  bool collects() const override { return true; }
  void OnEnd() override;

 private:
  WorkPool& pool_;
  const CallPtr call_;
  const std::shared_ptr<Answer> answer_;
  const std::function<void(const Answer&)> then_;
  std::optional<ByteBudget::Lease> lease_;  // of the call's `answers`
  Status refused_;                          // no memory was left for the answer
};

// The failure that ended a choice by itself, for streams: an error or a shutdown.
Status CheckFinish(const engine::Event& finish);

// A float as the shortest decimal that is that float again (as a double it would show noise
// digits).
json::Value FloatJson(float value);
// OpenAI's names. `reasoning_tokens`: of a model that reasons.
json::Value UsageJson(const engine::Usage& usage,
                      std::optional<int64_t> reasoning_tokens = std::nullopt);
json::Value TimingsJson(const engine::Timings& timings);

}  // namespace pano::api
