#include "base/clock.h"

#include <algorithm>
#include <vector>

namespace pano {
namespace {
class RealClock final : public Clock {
 public:
  TimePoint Now() const override { return std::chrono::steady_clock::now(); }
  int64_t UnixSeconds() const override {
    return std::chrono::duration_cast<std::chrono::seconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
  bool WaitUntil(CondVar& changed, Mutex& mu, TimePoint until) override PANO_REQUIRES(mu) {
    if (until != TimePoint::max()) return changed.WaitUntil(mu, until);
    changed.Wait(mu);
    return true;
  }
};
}  // namespace

Clock& Clock::Real() {
  static RealClock clock;
  return clock;
}

bool Clock::SleepUntil(TimePoint until, const std::stop_token& stop) {
  Mutex mu;
  CondVar stopped;
  // Made before the lock is taken: a stop that was requested already runs it at once, in this
  // thread.
  std::stop_callback wake(stop, [&] {
    MutexLock lock(mu);
    stopped.NotifyAll();
  });
  MutexLock lock(mu);
  while (!stop.stop_requested()) {
    if (Now() >= until) return true;
    WaitUntil(stopped, mu, until);
  }
  return false;
}

TimePoint ManualClock::Now() const {
  MutexLock lock(mu_);
  return now_;
}

int64_t ManualClock::UnixSeconds() const {
  return std::chrono::duration_cast<std::chrono::seconds>(Now().time_since_epoch()).count();
}

// Locks are taken in the order (the waiter's mutex, mu_); Advance, which needs them the other way
// round, gives mu_ up in between and pins the waiter instead.
bool ManualClock::WaitUntil(CondVar& changed, Mutex& mu, TimePoint until) {
  mu_.lock();
  if (until <= now_) {
    mu_.unlock();
    return false;
  }
  const auto waiter = waiters_.insert(waiters_.end(), Waiter{changed, mu, until});
  waiters_changed_.NotifyAll();
  mu_.unlock();

  changed.Wait(mu);

  mu_.lock();
  waiter->awake = true;
  while (waiter->pins > 0) {
    // Advance may be waiting for `mu`.
    mu.unlock();
    waiters_changed_.Wait(mu_);
    mu_.unlock();
    mu.lock();
    mu_.lock();
  }
  waiters_.erase(waiter);
  const bool early = now_ < until;
  mu_.unlock();
  return early;
}

void ManualClock::Advance(Duration by) {
  std::vector<Waiter*> due;
  {
    MutexLock lock(mu_);
    now_ += by;
    for (Waiter& waiter : waiters_) {
      if (waiter.until > now_) continue;
      ++waiter.pins;
      due.push_back(&waiter);
    }
    // Whoever waits on the same condition variable wakes too, to wait again: until then it does not count.
    for (Waiter& waiter : waiters_) {
      waiter.awake |= std::ranges::any_of(due, [&](const Waiter* one) { return &one->changed == &waiter.changed; });
    }
  }
  for (Waiter* waiter : due) {
    // Under its mutex: it either waits already or has not yet given the mutex up.
    MutexLock lock(waiter->mu);
    waiter->changed.NotifyAll();
  }
  MutexLock lock(mu_);
  for (Waiter* waiter : due) --waiter->pins;
  waiters_changed_.NotifyAll();
}

void ManualClock::NotifyAll(CondVar& changed) {
  MutexLock lock(mu_);
  for (Waiter& waiter : waiters_) {
    if (&waiter.changed == &changed) waiter.awake = true;
  }
  changed.NotifyAll();
}

std::optional<TimePoint> ManualClock::NextDeadline() const {
  MutexLock lock(mu_);
  TimePoint next = TimePoint::max();
  for (const Waiter& waiter : waiters_) {
    if (!waiter.awake) next = std::min(next, waiter.until);
  }
  if (next == TimePoint::max()) return std::nullopt;
  return next;
}

void ManualClock::AwaitWaiters(int count) const {
  const auto asleep = [](const Waiter& waiter) { return !waiter.awake; };
  MutexLock lock(mu_);
  while (std::count_if(waiters_.begin(), waiters_.end(), asleep) < count) {
    waiters_changed_.Wait(mu_);
  }
}

}  // namespace pano
