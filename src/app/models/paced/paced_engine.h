#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "app/models/paced/paced_tokenizer.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "model/engine/admission.h"
#include "model/engine/engine.h"
#include "model/engine/text_output.h"

namespace pano::models {

// An engine that computes nothing: each choice of a request gets a token every `interval` from its
// submission on, word after word of PacedTokenizer, until max_tokens, a stop or its deadline. What is
// left of a request's time is that of the layers above, which is what this is for. Tokens keep their
// times whatever the readers do (the k-th is due at the start plus k intervals), but a full stream
// pauses its choices and goes on from there, as Engine does it. Thread-safe.
class PacedEngine final : public engine::Engine {
 public:
  struct Options {
    Duration interval = std::chrono::milliseconds(20);  // zero: as fast as it is read
    int64_t context_max = 32768;
    int64_t choices_max = 65536;  // running at once; more is refused
    int64_t stream_capacity = 256;
    Duration slow_client_timeout = std::chrono::seconds(30);
    // Tokens that fall due within such a time are said together: fewer wake-ups of the thread.
    Duration slack = std::chrono::microseconds(250);
  };

  // `clock` outlives the engine.
  PacedEngine(Options options, std::shared_ptr<const PacedTokenizer> tokenizer,
              Clock& clock = Clock::Real());
  ~PacedEngine() override;

  Result<std::shared_ptr<engine::TokenStream>> Submit(engine::Request request) override;
  void Cancel(const std::string& request_id) override;
  bool Drain(Duration timeout) override;
  engine::Stats GetEngineStats() const override;
  std::vector<serving::TenantStats> GetTenantStats() const override { return {}; }
  int64_t RetryAfterSeconds() const override { return 1; }
  int64_t context_max() const override { return options_.context_max; }

 private:
  struct Choice {
    engine::TextOutput text;
    int64_t tokens = 0;
    bool finished = false;
  };
  struct Running {
    engine::Request request;
    std::shared_ptr<engine::TokenStream> stream;
    std::vector<Choice> choices;
    TimePoint begun;
    TimePoint first_token = {};
    TimePoint due;  // of the next token of each choice
    bool paused = false;
    int64_t unfinished = 0;
  };
  using Number = uint64_t;

  // What other threads ask for; apart from the engine, as a stream may outlive it. Thread-safe.
  struct Wakes {
    Mutex mu;
    CondVar changed;
    std::set<Number> woken PANO_GUARDED_BY(mu);
  };

  void Run();
  // Says what is due; the next time that something is.
  TimePoint Step();
  int64_t Serve(Running& running, TimePoint now);
  void Say(Running& running, int32_t index);
  void Finish(Running& running, int32_t index, engine::FinishReason reason, TimePoint now);
  void FinishAll(Running& running, engine::FinishReason reason, TimePoint now);

  const Options options_;
  const std::shared_ptr<const PacedTokenizer> tokenizer_;
  const engine::AdmissionLimits limits_;
  Clock& clock_;

  // Confined to the thread.
  std::map<Number, std::unique_ptr<Running>> running_;
  std::set<std::pair<TimePoint, Number>> due_;
  int64_t ended_early_ = 0;  // since the figures were published

  const std::shared_ptr<Wakes> wakes_ = std::make_shared<Wakes>();
  Mutex& mu_;
  CondVar& changed_;
  std::set<Number>& woken_ PANO_GUARDED_BY(mu_);
  CondVar idle_;
  std::vector<std::pair<Number, std::unique_ptr<Running>>> submitted_ PANO_GUARDED_BY(mu_);
  std::map<std::string, Number> ids_ PANO_GUARDED_BY(mu_);  // of what runs
  std::set<Number> cancelled_ PANO_GUARDED_BY(mu_);
  Number made_ PANO_GUARDED_BY(mu_) = 0;
  int64_t choices_running_ PANO_GUARDED_BY(mu_) = 0;
  engine::Stats stats_ PANO_GUARDED_BY(mu_);
  bool draining_ PANO_GUARDED_BY(mu_) = false;
  bool stopping_ PANO_GUARDED_BY(mu_) = false;
  std::jthread thread_;
};

}  // namespace pano::models
