#include "model/serving/ledger.h"

#include <algorithm>

#include "base/check.h"
#include "base/strings.h"
#include "model/serving/queue_room.h"
#include "model/serving/reasons.h"
#include "model/serving/wakeup.h"

namespace pano::serving {

// What a request of so many tokens takes at least once it is begun: half of what late steps say, so that nobody is
// refused who could be served; 0 where they say nothing. Of inputs as many will be cached as were so far.
double Ledger::OwnSeconds(int64_t input_tokens) const {
  const double input = static_cast<double>(loop_.tokens.input), cached = static_cast<double>(loop_.tokens.cached);
  const double computed = input + cached > 0 ? input / (input + cached) : 1;
  const double tokens = static_cast<double>(input_tokens) * computed + loop_.cost.fixed_tokens();
  return 0.5 * tokens * loop_.cost.token_seconds();
}

Status Ledger::Enter(const std::string& id, const std::string& tenant,
                     std::optional<TimePoint> deadline, int64_t input_tokens) {
  MutexLock lock(mu_);
  // These words are part of the API's answers.
  if (draining_) {
    ++rejections_;
    return Status(StatusCode::kUnavailable, "[engine] draining: no new requests are taken");
  }
  if (waiting_ >= queue_max_) {
    ++rejections_;
    return QueueIsFull(waiting_);
  }
  if (entries_.contains(id)) {
    return Status(StatusCode::kAlreadyExists,
                  StrCat("[engine] a request '", Printable(id), "' is running"));
  }
  if (deadline) {
    // Tenants share what is served: the more of them, the longer for who has much in the queue.
    const int64_t ahead = std::min(waiting_, tenants_.WaitingBefore(tenant));
    const Duration wait = std::chrono::duration_cast<Duration>(
        std::chrono::duration<double>(retry_.WaitSeconds(ahead)));
    const Duration own =
        std::chrono::duration_cast<Duration>(std::chrono::duration<double>(OwnSeconds(input_tokens)));
    const Duration left = *deadline - clock_.Now();
    if (left <= wait + own) {
      ++rejections_;
      return Status(StatusCode::kDeadline,
                    StrCat("[engine] the deadline cannot be met: ", Milliseconds(left), " ms are left, and ",
                           ahead, " requests before it take about ", Milliseconds(wait), " ms, and it takes ",
                           Milliseconds(own), " ms at least"))
          .WithReason(kDeadlineCannotBeMet);
    }
  }
  entries_.emplace(id, Entry{tenants_.Open(tenant)});
  ++waiting_;
  progress_.SetRunnable(true, clock_.Now());
  return OkStatus();
}

void Ledger::CountRejection() {
  MutexLock lock(mu_);
  ++rejections_;
}

Ledger::Entry& Ledger::Find(const std::string& id) {
  auto it = entries_.find(id);
  PANO_CHECK(it != entries_.end());
  return it->second;
}

void Ledger::Begin(const std::string& id) {
  MutexLock lock(mu_);
  Entry& entry = Find(id);
  PANO_CHECK(!entry.begun);
  entry.begun = true;
  entry.account.Begin();
  --waiting_;
}

void Ledger::AddTokens(const std::string& id, const TokenCounts& tokens) {
  MutexLock lock(mu_);
  Find(id).account.AddTokens(tokens);
}

void Ledger::Leave(const std::string& id) {
  MutexLock lock(mu_);
  const Entry& entry = Find(id);
  if (!entry.begun) --waiting_;
  tenants_.Close(entry.account, entry.begun);
  entries_.erase(id);
  retry_.Complete(loop_.busy_seconds);
  if (entries_.empty()) left_.NotifyAll();
}

void Ledger::StartDraining() {
  MutexLock lock(mu_);
  draining_ = true;
}

bool Ledger::Drain(Duration timeout, const std::function<void()>& cancel_all) {
  StartDraining();
  const bool finished =
      WaitUntilEmpty(clock_.Now() + std::clamp<Duration>(timeout, Duration::zero(), kWaitMax));
  if (!finished) {
    cancel_all();
    WaitUntilEmpty(TimePoint::max());
  }
  return finished;
}

bool Ledger::empty() const {
  MutexLock lock(mu_);
  return entries_.empty();
}

bool Ledger::WaitUntilEmpty(TimePoint until) {
  MutexLock lock(mu_);
  while (!entries_.empty()) {
    if (!clock_.WaitUntil(left_, mu_, until)) return entries_.empty();
  }
  return true;
}

void Ledger::Publish(const LoopStats& stats, bool runnable, bool stepped) {
  MutexLock lock(mu_);
  loop_ = stats;
  const TimePoint now = clock_.Now();
  if (stepped) progress_.Step(now);
  progress_.SetRunnable(runnable, now);
}

Stats Ledger::Get() const {
  MutexLock lock(mu_);
  Stats stats;
  stats.waiting_requests = waiting_;
  stats.running_requests = static_cast<int64_t>(entries_.size()) - waiting_;
  stats.running_rows = loop_.running_rows;
  stats.steps = loop_.steps;
  stats.cancellations = loop_.cancellations;
  stats.rejections = rejections_;
  stats.tokens = loop_.tokens;
  stats.seconds_since_progress = progress_.SecondsSince(clock_.Now()).value_or(0);
  return stats;
}

std::vector<TenantStats> Ledger::GetTenants() const {
  MutexLock lock(mu_);
  return tenants_.List();
}

int64_t Ledger::RetryAfterSeconds() const {
  MutexLock lock(mu_);
  return retry_.Seconds(waiting_, progress_.SecondsSince(clock_.Now()));
}

}  // namespace pano::serving
