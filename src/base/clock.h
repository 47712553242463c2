#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <optional>
#include <stop_token>

#include "base/mutex.h"
#include "base/thread_annotations.h"

namespace pano {

using Duration = std::chrono::nanoseconds;
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;

// Where time comes from and where a thread waits for it, so that tests and simulations can own
// both. Code that waits until a time does it here, on whatever clock it was given, and never asks
// which clock that is. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint Now() const = 0;            // monotonic
  virtual int64_t UnixSeconds() const = 0;      // wall clock

  // Waits on `changed` until it is notified or Now() reaches `until` (TimePoint::max(): no limit).
  // `mu` is held by the caller and given up while waiting. False when `until` has come. As with any
  // condition variable, wait in a loop over the condition:
  //
  //   MutexLock lock(mu_);
  //   while (!done_) {
  //     if (!clock_.WaitUntil(changed_, mu_, until)) break;
  //   }
  virtual bool WaitUntil(CondVar& changed, Mutex& mu, TimePoint until) PANO_REQUIRES(mu) = 0;

  // Sleeps until `until`. False when `stop` was requested first.
  bool SleepUntil(TimePoint until, const std::stop_token& stop = {});
  bool SleepFor(Duration duration, const std::stop_token& stop = {}) {
    return SleepUntil(Now() + duration, stop);
  }

  static Clock& Real();                          // the machine's
};

// A clock that moves only when told; it starts at zero. Thread-safe.
class ManualClock final : public Clock {
 public:
  TimePoint Now() const override;
  int64_t UnixSeconds() const override;
  bool WaitUntil(CondVar& changed, Mutex& mu, TimePoint until) override PANO_REQUIRES(mu);

  // Moves time and wakes those who waited for it. The caller must not hold a mutex that a thread
  // waits with.
  void Advance(Duration by);
  // changed.NotifyAll(), known to the clock: whom it wakes counts as waiting no longer, even before
  // it has run. The caller holds the mutex that they wait with.
  void NotifyAll(CondVar& changed);

  // The earliest time that a thread waits for now; nothing when none waits for a time.
  std::optional<TimePoint> NextDeadline() const;
  // Blocks until at least `count` threads wait here, with or without a deadline: a test that
  // advances then is seen by all of them. Whom Advance or NotifyAll has woken does not count, be it
  // only to wait again; who was notified behind the clock's back does until it runs.
  void AwaitWaiters(int count) const;

 private:
  struct Waiter {
    CondVar& changed;
    Mutex& mu;
    TimePoint until;
    bool awake = false;  // woken, though it may not have run yet
    int pins = 0;        // Advance calls that use `changed` and `mu`: it stays until they are done
  };

  mutable Mutex mu_;
  mutable CondVar waiters_changed_;  // one came, or lost its last pin
  TimePoint now_ PANO_GUARDED_BY(mu_){};
  std::list<Waiter> waiters_ PANO_GUARDED_BY(mu_);
};

inline double Seconds(Duration d) { return std::chrono::duration<double>(d).count(); }
inline double Milliseconds(Duration d) { return Seconds(d) * 1e3; }

}  // namespace pano
