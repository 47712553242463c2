#include "model/engine/ledger.h"

#include <algorithm>
#include <cmath>

#include "base/strings.h"

namespace pano::engine {
namespace {

constexpr size_t kCompletionsKept = 32;
constexpr double kRetrySecondsMax = 600;
// How often time that a test moves by hand is looked at.
constexpr auto kManualPoll = std::chrono::milliseconds(1);

}  // namespace

Status Ledger::Enter(const std::string& id) {
  MutexLock lock(mu_);
  if (draining_) {
    ++rejections_;
    return Status(StatusCode::kUnavailable, "[engine] draining: no new requests are taken");
  }
  if (waiting_ >= queue_max_) {
    ++rejections_;
    return Status(StatusCode::kExhausted,
                  StrCat("[engine] the queue is full: ", waiting_, " requests wait"));
  }
  if (!ids_.insert(id).second) {
    return Status(StatusCode::kAlreadyExists,
                  StrCat("[engine] a request '", Printable(id), "' is running"));
  }
  ++waiting_;
  SetRunnable(true);
  return OkStatus();
}

void Ledger::CountRejection() {
  MutexLock lock(mu_);
  ++rejections_;
}

void Ledger::LeaveQueue() {
  MutexLock lock(mu_);
  --waiting_;
}

void Ledger::Leave(const std::string& id, bool waited, double busy_seconds) {
  MutexLock lock(mu_);
  ids_.erase(id);
  if (waited) --waiting_;
  completions_.push_back(busy_seconds);
  if (completions_.size() > kCompletionsKept) completions_.pop_front();
  if (ids_.empty()) left_.NotifyAll();
}

void Ledger::StartDraining() {
  MutexLock lock(mu_);
  draining_ = true;
}

bool Ledger::empty() const {
  MutexLock lock(mu_);
  return ids_.empty();
}

bool Ledger::WaitUntilEmpty(TimePoint until) {
  const bool manual = &clock_ != &Clock::Real();
  MutexLock lock(mu_);
  while (!ids_.empty()) {
    if (clock_.Now() >= until) return false;
    left_.WaitUntil(mu_, manual ? Clock::Real().Now() + kManualPoll : until);
  }
  return true;
}

void Ledger::SetRunnable(bool runnable) {
  if (runnable && !runnable_) progress_at_ = clock_.Now();
  runnable_ = runnable;
}

void Ledger::Publish(const Stats& stats, bool runnable, bool stepped) {
  MutexLock lock(mu_);
  stats_ = stats;
  if (stepped) progress_at_ = clock_.Now();
  SetRunnable(runnable);
}

Stats Ledger::Get() const {
  MutexLock lock(mu_);
  Stats stats = stats_;
  stats.waiting_requests = waiting_;
  stats.rejections = rejections_;
  if (runnable_) stats.seconds_since_progress = Seconds(clock_.Now() - progress_at_);
  return stats;
}

int64_t Ledger::RetryAfterSeconds() const {
  MutexLock lock(mu_);
  if (waiting_ == 0) return 1;
  double seconds = 1;
  double span = completions_.empty() ? 0 : completions_.back() - completions_.front();
  if (span > 0) {
    // The queue drains at the rate at which requests were completed while the engine was busy.
    seconds = static_cast<double>(waiting_ + 1) * span /
              static_cast<double>(completions_.size() - 1);
  } else if (runnable_) {
    seconds = Seconds(clock_.Now() - progress_at_) + 1;
  }
  return static_cast<int64_t>(std::ceil(std::clamp(seconds, 1.0, kRetrySecondsMax)));
}

}  // namespace pano::engine
