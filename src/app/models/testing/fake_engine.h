#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "model/engine/engine.h"

namespace pano::models::testing {

// An engine that a test drives by hand: it keeps what was submitted and pushes the events it is
// told. Thread-compatible.
class FakeEngine final : public engine::Engine {
 public:
  struct Submitted {
    engine::Request request;
    std::shared_ptr<engine::TokenStream> stream;
  };

  Result<std::shared_ptr<engine::TokenStream>> Submit(engine::Request request) override {
    if (submitted.size() >= refuse_from) return refusal;
    auto stream = std::make_shared<engine::TokenStream>(request.id, request.n, 1024);
    submitted.push_back({std::move(request), stream});
    if (!answer.empty()) {
      for (int32_t choice = 0; choice < submitted.back().request.n; ++choice) {
        Say(submitted.size() - 1, answer, choice);
        Finish(submitted.size() - 1, engine::FinishReason::kStop, choice);
      }
    }
    return stream;
  }
  void Cancel(const std::string&) override {}
  bool Drain(Duration) override { return true; }
  engine::Stats GetEngineStats() const override { return {.serving = stats}; }
  std::vector<serving::TenantStats> GetTenantStats() const override { return {}; }
  int64_t RetryAfterSeconds() const override { return 7; }
  int64_t context_max() const override { return 128; }

  // One token event a byte of `text`; each has logprob -0.5 and, where asked for, alternatives.
  void Say(size_t at, std::string_view text, int32_t choice = 0) {
    for (char c : text) {
      engine::Event event;
      event.index = choice;
      event.token_id = static_cast<unsigned char>(c);
      event.text = std::string(1, c);
      event.logprob = -0.5f;
      event.top = Alternatives(event.token_id, submitted[at].request.logprobs);
      Push(at, std::move(event));
    }
  }
  void SayPromptLogprobs(size_t at) {
    engine::Event event;
    event.kind = engine::Event::Kind::kPromptLogprobs;
    for (size_t i = 0; i < submitted[at].request.prompt.size(); ++i) {
      engine::Event::PromptToken token;
      token.id = submitted[at].request.prompt[i];
      token.logprob = i == 0 ? std::numeric_limits<float>::quiet_NaN() : -0.25f;
      if (i > 0) token.top = Alternatives(token.id, submitted[at].request.prompt_logprobs);
      event.prompt.push_back(std::move(token));
    }
    Push(at, std::move(event));
  }
  void Finish(size_t at, engine::FinishReason reason, int32_t choice = 0, std::string rest = "") {
    engine::Event event;
    event.kind = engine::Event::Kind::kFinish;
    event.index = choice;
    event.reason = reason;
    event.text = std::move(rest);
    event.usage.prompt_tokens = static_cast<int64_t>(submitted[at].request.prompt.size());
    event.usage.completion_tokens = tokens_[{at, choice}];
    event.timings.total_ms = 5;
    Push(at, std::move(event));
  }
  // Forgets what was submitted.
  void Reset() {
    submitted.clear();
    tokens_.clear();
  }
  bool cancelled(size_t at) const { return submitted[at].stream->cancelled(); }

  std::vector<Submitted> submitted;
  std::string answer;             // said at once to every request, unless ""
  size_t refuse_from = SIZE_MAX;  // requests beyond that many get `refusal`
  Status refusal = Status(StatusCode::kExhausted, "the queue is full");
  serving::Stats stats;

 private:
  static std::vector<engine::TokenLogprob> Alternatives(engine::TokenId id, int32_t count) {
    std::vector<engine::TokenLogprob> top;
    for (int32_t i = 0; i < count; ++i) top.push_back({id + i, -0.5f - static_cast<float>(i)});
    return top;
  }
  void Push(size_t at, engine::Event event) {
    if (event.kind == engine::Event::Kind::kToken) ++tokens_[{at, event.index}];
    submitted[at].stream->Push(std::move(event));
  }

  std::map<std::pair<size_t, int32_t>, int64_t> tokens_;
};

}  // namespace pano::models::testing
