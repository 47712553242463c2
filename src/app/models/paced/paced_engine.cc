#include "app/models/paced/paced_engine.h"

#include <algorithm>

#include "base/random.h"
#include "base/strings.h"
#include "base/threads.h"

namespace pano::models {

using engine::Event;
using engine::FinishReason;

PacedEngine::PacedEngine(Options options, std::shared_ptr<const PacedTokenizer> tokenizer,
                         Clock& clock)
    : options_(options),
      tokenizer_(std::move(tokenizer)),
      limits_{.vocab_size = tokenizer_->vocab_size(),
              .context_max = options.context_max,
              .has_tokenizer = true,
              .begin_token_id = 0},
      clock_(clock),
      mu_(wakes_->mu),
      changed_(wakes_->changed),
      woken_(wakes_->woken) {
  thread_ = StartThread("paced", [this](const std::stop_token&) { Run(); });
}

PacedEngine::~PacedEngine() {
  {
    MutexLock lock(mu_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  thread_.join();
}

Result<std::shared_ptr<engine::TokenStream>> PacedEngine::Submit(engine::Request request) {
  PANO_RETURN_IF_ERROR(engine::CheckRequest(limits_, request));
  if (request.prompt_logprobs >= 0) {
    return InvalidArgument("a model that computes nothing has no log-probabilities of the prompt")
        .WithField("logprobs");
  }
  if (request.id.empty()) request.id = StrCat("paced-", RandomHex(8));
  auto running = std::make_unique<Running>();
  running->stream = std::make_shared<engine::TokenStream>(
      request.id, request.n, static_cast<size_t>(options_.stream_capacity));
  for (int32_t i = 0; i < request.n; ++i) {
    running->choices.push_back({engine::TextOutput(tokenizer_.get(), request)});
  }
  running->unfinished = request.n;
  running->begun = clock_.Now();
  running->due = running->begun + options_.interval;
  running->request = std::move(request);
  std::shared_ptr<engine::TokenStream> stream = running->stream;

  MutexLock lock(mu_);
  if (draining_ || stopping_) {
    ++stats_.serving.rejections;
    return Status(StatusCode::kUnavailable, "[paced] the engine is draining").WithReason("draining");
  }
  const int64_t choices = running->request.n;
  if (choices_running_ + choices > options_.choices_max) {
    ++stats_.serving.rejections;
    return Status(StatusCode::kExhausted, StrCat("[paced] ", choices_running_, " sequences of the ",
                                                 options_.choices_max, " that may run do"))
        .WithReason("queue_full");
  }
  const Number number = ++made_;
  if (!ids_.emplace(running->request.id, number).second) {
    return Status(StatusCode::kAlreadyExists,
                  StrCat("[paced] a request '", Printable(running->request.id), "' is running"));
  }
  choices_running_ += choices;
  ++stats_.serving.running_requests;
  stats_.serving.running_rows += choices;
  stats_.serving.tokens.input += static_cast<int64_t>(running->request.prompt.size());
  stream->SetWake([wakes = wakes_, number] {
    MutexLock wake(wakes->mu);
    wakes->woken.insert(number);
    wakes->changed.NotifyAll();
  });
  submitted_.emplace_back(number, std::move(running));
  changed_.NotifyAll();
  return stream;
}

void PacedEngine::Cancel(const std::string& request_id) {
  MutexLock lock(mu_);
  const auto found = ids_.find(request_id);
  if (found == ids_.end()) return;
  cancelled_.insert(found->second);
  changed_.NotifyAll();
}

bool PacedEngine::Drain(Duration timeout) {
  const TimePoint until = clock_.Now() + timeout;
  MutexLock lock(mu_);
  draining_ = true;
  while (!ids_.empty()) {
    if (clock_.WaitUntil(idle_, mu_, until)) continue;
    if (ids_.empty()) return true;
    for (const auto& [id, number] : ids_) cancelled_.insert(number);
    changed_.NotifyAll();
    while (!ids_.empty()) idle_.Wait(mu_);
    return false;
  }
  return true;
}

engine::Stats PacedEngine::GetEngineStats() const {
  MutexLock lock(mu_);
  return stats_;
}

void PacedEngine::Run() {
  while (true) {
    const TimePoint next = Step();
    MutexLock lock(mu_);
    if (stopping_) break;
    if (!submitted_.empty() || !cancelled_.empty() || !woken_.empty()) continue;
    clock_.WaitUntil(changed_, mu_, next);
    if (stopping_) break;
  }
  Step();
  for (auto& [number, running] : running_) {
    FinishAll(*running, FinishReason::kCancelled, clock_.Now());
  }
}

TimePoint PacedEngine::Step() {
  std::vector<std::pair<Number, std::unique_ptr<Running>>> submitted;
  std::set<Number> cancelled, woken;
  {
    MutexLock lock(mu_);
    submitted.swap(submitted_);
    cancelled.swap(cancelled_);
    woken.swap(woken_);
  }
  const TimePoint now = clock_.Now();
  for (auto& [number, running] : submitted) {
    due_.emplace(running->due, number);
    running_.emplace(number, std::move(running));
  }
  std::vector<Number> served;
  for (Number number : cancelled) {
    const auto found = running_.find(number);
    if (found == running_.end()) continue;
    FinishAll(*found->second, FinishReason::kCancelled, now);
    woken.insert(number);
  }
  for (Number number : woken) {
    const auto found = running_.find(number);
    if (found == running_.end()) continue;
    due_.erase({found->second->due, number});
    served.push_back(number);
  }
  while (!due_.empty() && due_.begin()->first <= now + options_.slack) {
    served.push_back(due_.begin()->second);
    due_.erase(due_.begin());
  }

  int64_t said = 0, ended_choices = 0;
  std::vector<std::string> ended;
  for (Number number : served) {
    const auto found = running_.find(number);
    Running& running = *found->second;
    said += Serve(running, now);
    if (running.unfinished > 0) {
      due_.emplace(running.due, number);
      continue;
    }
    ended_choices += static_cast<int64_t>(running.choices.size());
    ended.push_back(running.request.id);
    running_.erase(found);
  }
  if (!served.empty()) {
    MutexLock lock(mu_);
    for (const std::string& id : ended) ids_.erase(id);
    choices_running_ -= ended_choices;
    serving::Stats& serving = stats_.serving;
    serving.running_requests -= static_cast<int64_t>(ended.size());
    serving.running_rows -= ended_choices;
    serving.tokens.output += said;
    serving.cancellations += std::exchange(ended_early_, 0);
    ++serving.steps;
    if (ids_.empty()) idle_.NotifyAll();
  }
  return due_.empty() ? TimePoint::max() : due_.begin()->first;
}

// What is due of one request: a token of each choice, or its end. How many tokens.
int64_t PacedEngine::Serve(Running& running, TimePoint now) {
  if (running.unfinished == 0) return 0;
  const bool unread = running.stream.use_count() == 1;
  const bool too_slow = running.stream->FullFor(now) > options_.slow_client_timeout;
  if (unread || too_slow || running.stream->cancelled()) {
    FinishAll(running, FinishReason::kCancelled, now);
    return 0;
  }
  const std::optional<TimePoint> deadline = running.request.deadline;
  if (deadline && *deadline <= now) {
    FinishAll(running, FinishReason::kDeadline, now);
    return 0;
  }
  if (!running.stream->HasRoom()) {
    // Looked at when it has room again, or to see whether it has been full for too long.
    constexpr Duration kLookAgain = std::chrono::milliseconds(500);
    running.paused = true;
    running.due = now + std::max(options_.interval, kLookAgain);
    return 0;
  }
  if (std::exchange(running.paused, false)) running.due = now;
  if (running.due > now + options_.slack) return 0;  // woken, but not due
  if (running.first_token == TimePoint()) running.first_token = now;
  int64_t said = 0;
  for (int32_t i = 0; i < running.request.n; ++i) {
    const Choice& choice = running.choices[static_cast<size_t>(i)];
    if (choice.finished) continue;
    said -= choice.tokens;
    Say(running, i);
    said += choice.tokens;
  }
  running.due += options_.interval;
  return said;
}

void PacedEngine::Say(Running& running, int32_t index) {
  Choice& choice = running.choices[static_cast<size_t>(index)];
  const engine::Request& request = running.request;
  if (choice.tokens < *request.max_tokens) {
    Event event;
    event.index = index;
    event.token_id = PacedTokenizer::WordAt(choice.tokens++);
    event.text = choice.text.Push(event.token_id);
    if (request.logprobs > 0) event.top.push_back({event.token_id, 0});
    const bool stop_token =
        choice.tokens > request.min_tokens &&
        std::find(request.stop_token_ids.begin(), request.stop_token_ids.end(), event.token_id) !=
            request.stop_token_ids.end();
    if (stop_token && !request.include_stop) event.text.clear();
    running.stream->Push(std::move(event));
    if (stop_token || choice.text.stopped()) {
      return Finish(running, index, FinishReason::kStop, clock_.Now());
    }
  }
  if (choice.tokens >= *request.max_tokens) {
    Finish(running, index, FinishReason::kLength, clock_.Now());
  }
}

void PacedEngine::Finish(Running& running, int32_t index, FinishReason reason, TimePoint now) {
  Choice& choice = running.choices[static_cast<size_t>(index)];
  Event event;
  event.kind = Event::Kind::kFinish;
  event.index = index;
  event.reason = reason;
  event.text = choice.text.Finish();
  if (choice.text.stopped()) event.stop_match = choice.text.stop_match();
  event.usage.prompt_tokens = static_cast<int64_t>(running.request.prompt.size());
  event.usage.completion_tokens = choice.tokens;
  event.timings.total_ms = Milliseconds(now - running.begun);
  if (choice.tokens > 0) {
    event.timings.ttft_ms = Milliseconds(running.first_token - running.begun);
    event.timings.generated_tokens_per_second =
        static_cast<double>(choice.tokens) * 1e3 / std::max(event.timings.total_ms, 1e-3);
  }
  choice.finished = true;
  --running.unfinished;
  running.stream->Push(std::move(event));
}

void PacedEngine::FinishAll(Running& running, FinishReason reason, TimePoint now) {
  ++ended_early_;
  for (size_t i = 0; i < running.choices.size(); ++i) {
    if (!running.choices[i].finished) Finish(running, static_cast<int32_t>(i), reason, now);
  }
}

}  // namespace pano::models
