#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "app/api/work/byte_budget.h"
#include "app/api/call.h"
#include "app/api/work/work_pool.h"
#include "app/models/generator.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "model/engine/request.h"
#include "model/engine/token_stream.h"

namespace pano::api {

// Where the events of one call go, in one dialect. Confined to the connection's thread.
class GenerationSink {
 public:
  virtual ~GenerationSink() = default;
  // `input` is the place of the prompt in the request; event.index the choice within it. False: the
  // sink has no use for more, the rest is cancelled.
  virtual bool OnEvent(size_t input, engine::Event event) = 0;
  // Whether nothing goes out before OnEnd: then a failure may still be the whole answer.
  virtual bool collects() const { return false; }
  // Every choice of every input has finished, or OnEvent said false. The sink has to answer or to
  // finish its stream.
  virtual void OnEnd() = 0;
};

// The generations and predictions under way. Owns them, so that nothing is left when the server
// stops. Thread-safe.
class Generations {
 public:
  explicit Generations(Clock& clock);  // which outlives this
  ~Generations();
  void Add(std::shared_ptr<void> generation);
  void Remove(const std::shared_ptr<void>& generation);
  size_t count() const;
  // Waits until none is left; false when `timeout` passed first.
  bool WaitUntilNone(std::chrono::milliseconds timeout);

 private:
  Clock& clock_;
  mutable Mutex mu_;
  CondVar none_;
  std::set<std::shared_ptr<void>> live_ PANO_GUARDED_BY(mu_);
};

// Exhausted: the requests that were admitted hold as much as they may.
Status TooMuchHeld(const ByteBudget& held);

// What a client is told when a version takes no request or gives no answer: where a retry may help,
// after how many seconds.
Failure Refused(Status status, const models::ModelVersion& version);

// As whom a tenant's background requests are scheduled: beside its own, which go before them.
std::string BackgroundTenant(std::string_view tenant);

// Takes the requests together out of the caller's quotas, or says why not.
Failure TakeQuota(Call& call, const models::Generator& version,
                  const std::vector<engine::Request>& requests);

// One call's requests to an engine, joined: takes events from their streams to the sink as fast as
// the client takes them, and cancels the requests when the client goes. Of a resumable stream the log
// stands for the client: it has room or not, and it says when nobody wants the rest. Confined to the connection's
// thread, or to a strand of the work pool where each event is much to write; the engine's threads
// only wake it.
class Generation : public std::enable_shared_from_this<Generation> {
 public:
  // Bytes waiting for the socket above which events stay in the engine's streams, which pauses
  // them.
  static constexpr size_t kPendingBytesMax = 64 << 10;

  // Where it runs and what it holds.
  struct Place {
    Generations& generations;
    ByteBudget& held;                         // of all generations
    size_t bytes = 0;                         // that this one holds
    std::shared_ptr<Strand> strand = nullptr;  // null: the connection's thread
  };

  // Submits all requests or none: the first that is refused is the answer, with the engine's
  // Retry-After. `make_sink` runs once all were taken.
  template <typename MakeSink>
  static void Start(Place place, CallPtr call, models::GeneratorPtr version,
                    std::vector<engine::Request> requests, MakeSink make_sink) {
    std::optional<ByteBudget::Lease> lease = place.held.Take(place.bytes);
    if (!lease) return call->Fail(Refused(TooMuchHeld(place.held), *version));
    auto generation = std::make_shared<Generation>(Private(), place, call, version);
    generation->lease_ = *std::move(lease);
    if (Failure refused = TakeQuota(*call, *version, requests); !refused.ok()) {
      return call->Fail(refused);
    }
    if (Status status = generation->Submit(std::move(requests)); !status.ok()) {
      call->quota.Cancel();
      return call->Fail(Refused(std::move(status), *version));
    }
    generation->log_ = call->stream_log;
    generation->sink_ = make_sink();
    place.generations.Add(generation);
    generation->Post([generation] { generation->Run(); });
  }

 private:
  struct Private {};

 public:
  Generation(Private, const Place& place, CallPtr call, models::GeneratorPtr version);
  ~Generation();

 private:
  // Carries the engine's notice to the connection's thread; outlives the generation.
  struct Waker;

  Status Submit(std::vector<engine::Request> requests);
  void Run();
  void Watch();
  void Pump();
  bool PumpOnce();
  bool HasRoom();
  void Count(size_t input, const engine::Event& event);
  bool AllDone() const;
  void Fail(const Status& why);
  void Abandon();
  void CancelLogged();
  void End();

  // Runs `task` where this is confined to: later, or, from there already, at once.
  void Post(std::function<void()> task);
  void Enter(std::function<void()> task);

  Generations& generations_;
  const std::shared_ptr<Strand> strand_;
  const CallPtr call_;
  const models::GeneratorPtr version_;
  models::GeneratorPtr base_;  // of an adapter, while its requests run
  std::shared_ptr<streams::StreamLog> log_;  // of a resumable stream; null: the client is waited for
  ByteBudget::Lease lease_;
  std::vector<std::shared_ptr<engine::TokenStream>> streams_;
  std::vector<int64_t> prompt_tokens_;              // of each prompt
  std::vector<std::vector<int64_t>> output_tokens_;  // of each choice of each prompt, so far
  std::unique_ptr<GenerationSink> sink_;
  std::shared_ptr<Waker> waker_;
  bool pumping_ = false;
  bool over_ = false;
};

}  // namespace pano::api
