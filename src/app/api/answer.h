#pragma once

#include <functional>
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
  engine::Usage usage;
  engine::Timings timings;
  std::string error;
};

// Everything that was generated for one call. A value.
struct Answer {
  // Log-probabilities that one plain answer may hold, alternatives included: some 250 bytes each on
  // their way out. Streams have no such limit.
  static constexpr size_t kLogprobsMax = 1 << 20;

  Answer(size_t inputs, int32_t n)
      : choices(n), prompts(inputs), outputs(inputs * static_cast<size_t>(n)) {}

  int32_t choices;                                               // of each prompt
  std::vector<std::vector<engine::Event::PromptToken>> prompts;  // logprobs, where asked for
  std::vector<Output> outputs;                                   // prompt by prompt

  // False when it has become too large; Check says so then.
  bool Add(size_t input, engine::Event event);
  // Why there is nothing to answer with: an error, a shutdown, a deadline before the first token.
  Status Check() const;
  engine::Usage TotalUsage() const;
  engine::Timings TotalTimings() const;

 private:
  size_t logprobs_ = 0;
};

// What a plain (not streamed) call waits with. Confined to the connection's thread.
class AnswerCollector final : public GenerationSink {
 public:
  AnswerCollector(size_t inputs, int32_t n, std::function<void(Answer)> then)
      : answer_(inputs, n), then_(std::move(then)) {}
  bool OnEvent(size_t input, engine::Event event) override {
    return answer_.Add(input, std::move(event));
  }
  void OnEnd() override { then_(std::move(answer_)); }

 private:
  Answer answer_;
  std::function<void(Answer)> then_;
};

// The failure that ended a choice by itself, for streams: an error or a shutdown.
Status CheckFinish(const engine::Event& finish);

// A float as the shortest decimal that is that float again (as a double it would show noise
// digits).
json::Value FloatJson(float value);
json::Value UsageJson(const engine::Usage& usage);  // OpenAI's names
json::Value TimingsJson(const engine::Timings& timings);

}  // namespace pano::api
