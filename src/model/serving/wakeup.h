#pragma once

#include <optional>

#include "base/clock.h"
#include "base/mutex.h"

namespace pano::serving {

// No wait is longer: it would overflow the time that it is added to.
inline constexpr Duration kWaitMax = std::chrono::hours(24 * 365);

// Where a service's loop sleeps, how other threads wake it, and the orders that stay in force once
// given. Answers that readers hold may keep it alive beyond the service: a call is harmless then.
// Thread-safe.
class Wakeup {
 public:
  struct Orders {
    bool draining = false;    // nothing more will come
    bool cancel_all = false;  // what is there ends as cancelled, and so does what comes later
    bool stop = false;        // the same, and the loop returns
  };

  // Something that the loop looks at has changed. Change it first, then call this.
  void Notify();
  void StartDraining();
  void CancelAll();
  void Stop();

  // The loop looks around now: a Notify from here on ends the next Wait. Take this first, then look.
  Orders Look();
  // Sleeps until somebody notified since the last Look, or `clock` has reached `until`; no `until`:
  // for as long as it takes.
  void Wait(Clock& clock, std::optional<TimePoint> until);

 private:
  void NotifyLocked() PANO_REQUIRES(mu_);

  Mutex mu_;
  CondVar changed_;
  bool notified_ PANO_GUARDED_BY(mu_) = false;
  Orders orders_ PANO_GUARDED_BY(mu_);
};

}  // namespace pano::serving
