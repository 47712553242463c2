#include "app/api/generation.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "app/models/adapter_version.h"
#include "base/check.h"
#include "base/strings.h"
#include "model/engine/engine.h"
#include "model/serving/fair_share.h"

namespace pano::api {

Generations::Generations(Clock& clock) : clock_(clock) {}
Generations::~Generations() = default;

void Generations::Add(std::shared_ptr<void> generation) {
  MutexLock lock(mu_);
  live_.insert(std::move(generation));
}

void Generations::Remove(const std::shared_ptr<void>& generation) {
  MutexLock lock(mu_);
  live_.erase(generation);
  if (live_.empty()) none_.NotifyAll();
}

size_t Generations::count() const {
  MutexLock lock(mu_);
  return live_.size();
}

bool Generations::WaitUntilNone(std::chrono::milliseconds timeout) {
  TimePoint until = clock_.Now() + timeout;
  MutexLock lock(mu_);
  while (!live_.empty()) {
    if (!clock_.WaitUntil(none_, mu_, until)) return live_.empty();
  }
  return true;
}

Failure Refused(Status status, const models::ModelVersion& version) {
  Failure failure(std::move(status));
  if (Describe(failure.status.code()).retryable) {
    failure.retry_after_seconds = version.service().RetryAfterSeconds();
  }
  return failure;
}

Status TooMuchHeld(const ByteBudget& held) {
  return Status(StatusCode::kExhausted, StrCat("the requests that wait or run hold ", held.held(),
                                               " bytes of the ", held.bytes_max(), " they may"))
      .WithReason("queue_full");
}

std::string BackgroundTenant(std::string_view tenant) {
  return StrCat(tenant, "\nbackground");  // no tenant is named so
}

Failure TakeQuota(Call& call, const models::Generator& version,
                  const std::vector<engine::Request>& requests) {
  quota::Demand demand;
  for (const engine::Request& request : requests) {
    const auto prompt = static_cast<int64_t>(request.prompt.size());
    const int64_t left = std::max<int64_t>(0, version.context_length - prompt);
    demand.prompt_tokens += prompt;
    demand.output_tokens +=
        request.n * std::min(left, request.max_tokens.value_or(quota::Demand::kOutputGuess));
  }
  return call.quota.Take(call.principal, version.id, version.label, demand, call.headers);
}

struct Generation::Waker {
  std::shared_ptr<http::Exchange> exchange;
  std::shared_ptr<Strand> strand;
  std::weak_ptr<Generation> generation;
  std::atomic<bool> posted{false};  // at most one wake-up is queued on the connection's thread
};

Generation::Generation(Private, const Place& place, CallPtr call, models::GeneratorPtr version)
    : generations_(place.generations),
      strand_(place.strand),
      call_(std::move(call)),
      version_(std::move(version)) {}

Generation::~Generation() {
  for (const auto& stream : streams_) stream->Cancel();
}

Status Generation::Submit(std::vector<engine::Request> requests) {
  if (version_->adapter) {
    base_ = version_->base.lock();
    if (!base_) return models::BaseIsGone(*version_);
    base_->CountUse();
  }
  call_->work.inputs = static_cast<int64_t>(requests.size());
  for (engine::Request& request : requests) {
    prompt_tokens_.push_back(static_cast<int64_t>(request.prompt.size()));
    output_tokens_.emplace_back(static_cast<size_t>(request.n));
    call_->tokens.prompt += prompt_tokens_.back();
    request.weight = call_->quota.Weight(request.tenant);
    request.adapter = version_->adapter;
    if (call_->background) {
      request.tenant = BackgroundTenant(request.tenant);
      request.weight = serving::FairShare::kWeightMin;
    }
    if (call_->deadline) {
      request.deadline = std::min(request.deadline.value_or(TimePoint::max()), *call_->deadline);
    }
    // The destructor cancels those that were taken before one is refused.
    PANO_ASSIGN_OR_RETURN(std::shared_ptr<engine::TokenStream> stream,
                          version_->engine->Submit(std::move(request)));
    streams_.push_back(std::move(stream));
  }
  return {};
}

void Generation::Post(std::function<void()> task) {
  if (strand_) return strand_->Post(std::move(task));
  call_->exchange().Post(std::move(task));
}

void Generation::Enter(std::function<void()> task) {
  if (strand_) return strand_->Post(std::move(task));
  task();
}

// Who takes the events keeps these, so they must not keep the generation.
void Generation::Watch() {
  auto pump = [weak = weak_from_this()] {
    if (auto self = weak.lock()) self->Enter([self] { self->Pump(); });
  };
  if (log_) {
    log_->SetProducer({.room = std::move(pump), .cancelled = [weak = weak_from_this()] {
                         if (auto self = weak.lock()) self->Enter([self] { self->CancelLogged(); });
                       }});
    return;
  }
  call_->exchange().OnClosed([weak = weak_from_this()] {
    if (auto self = weak.lock()) self->Enter([self] { self->Abandon(); });
  });
  call_->exchange().OnDrained(std::move(pump));
}

void Generation::Run() {
  waker_ = std::make_shared<Waker>();
  waker_->strand = strand_;
  if (!log_) waker_->exchange = call_->exchange_ptr();
  waker_->generation = weak_from_this();

  Watch();
  auto notify = [waker = waker_] {
    if (waker->posted.exchange(true)) return;
    auto wake = [waker] {
      waker->posted = false;
      if (auto self = waker->generation.lock()) self->Pump();
    };
    if (waker->strand) return waker->strand->Post(std::move(wake));
    waker->exchange->Post(std::move(wake));
  };
  for (size_t i = 0; i < streams_.size() && !over_; ++i) streams_[i]->SetNotify(notify);
}

// Takes one event of each stream, so that choices advance together; false when there was none.
bool Generation::PumpOnce() {
  bool any = false;
  for (size_t i = 0; i < streams_.size() && !over_; ++i) {
    std::optional<engine::Event> event = streams_[i]->TryPop();
    if (!event) continue;
    any = true;
    if (Status broken = version_->CheckFaults(); !broken.ok()) {
      Fail(broken);
      return true;
    }
    Count(i, *event);
    if (!sink_->OnEvent(i, *std::move(event))) {
      sink_->OnEnd();
      End();
    }
  }
  return any;
}

// For the record: each token as it comes, so that a client that goes is counted too; the engine's own
// sums at the end of a choice.
void Generation::Count(size_t input, const engine::Event& event) {
  if (event.kind == engine::Event::Kind::kPromptLogprobs) return;
  PANO_CHECK(event.index >= 0 && event.index < std::ssize(output_tokens_[input]));
  int64_t& output = output_tokens_[input][static_cast<size_t>(event.index)];
  const bool finish = event.kind == engine::Event::Kind::kFinish;
  const int64_t now = finish ? event.usage.completion_tokens : output + 1;
  call_->tokens.completion += now - output;
  output = now;
  if (finish) {
    WorkDone& work = call_->work;  // the longest counts: they run side by side
    work.queue_seconds = std::max(work.queue_seconds, event.timings.queue_ms / 1e3);
    const double computed = event.timings.total_ms - event.timings.queue_ms;
    work.compute_seconds = std::max(work.compute_seconds, computed / 1e3);
  }
  if (!finish || event.usage.prompt_tokens == 0) return;
  call_->tokens.prompt += event.usage.prompt_tokens - prompt_tokens_[input];
  prompt_tokens_[input] = event.usage.prompt_tokens;
}

bool Generation::HasRoom() {
  return log_ ? log_->HasRoom() : call_->exchange().pending_bytes() <= kPendingBytesMax;
}

bool Generation::AllDone() const {
  return std::all_of(streams_.begin(), streams_.end(),
                     [](const auto& stream) { return stream->done(); });
}

void Generation::Pump() {
  if (pumping_ || over_) return;
  pumping_ = true;
  // Back pressure: what the socket, or the log, has no room for stays in the engine's streams.
  while (!over_ && HasRoom()) {
    if (PumpOnce()) continue;
    if (!over_ && AllDone()) {
      sink_->OnEnd();
      End();
    }
    break;
  }
  pumping_ = false;
}

// What was computed is nonsense.
void Generation::Fail(const Status& why) {
  if (sink_->collects()) {
    call_->Fail(Refused(why, *version_));
    return End();
  }
  for (size_t i = 0; i < streams_.size(); ++i) {
    engine::Event event;
    event.kind = engine::Event::Kind::kFinish;
    event.reason = engine::FinishReason::kError;
    event.error = why.message();
    sink_->OnEvent(i, std::move(event));
  }
  sink_->OnEnd();
  End();
}

// The client has gone. The engine ends cancelled sequences within one step and frees their memory.
void Generation::Abandon() {
  if (over_) return;
  call_->Record(499);
  End();
}

// Nobody reads the stream, or its owner wants no more. The log still gets the end that the engine gives
// its requests, so that whoever reads sees one.
void Generation::CancelLogged() {
  if (over_) return;
  call_->Record(499);
  for (const auto& stream : streams_) stream->Cancel();
  Pump();
}

void Generation::End() {
  over_ = true;
  for (const auto& stream : streams_) stream->Cancel();
  generations_.Remove(shared_from_this());
}

}  // namespace pano::api
