#include "model/serving/wakeup.h"

namespace pano::serving {

void Wakeup::NotifyLocked() {
  notified_ = true;
  changed_.NotifyAll();
}

void Wakeup::Notify() {
  MutexLock lock(mu_);
  NotifyLocked();
}

void Wakeup::StartDraining() {
  MutexLock lock(mu_);
  orders_.draining = true;
  NotifyLocked();
}

void Wakeup::CancelAll() {
  MutexLock lock(mu_);
  orders_.cancel_all = true;
  NotifyLocked();
}

void Wakeup::Stop() {
  MutexLock lock(mu_);
  orders_.stop = true;
  NotifyLocked();
}

Wakeup::Orders Wakeup::Look() {
  MutexLock lock(mu_);
  notified_ = false;
  return orders_;
}

void Wakeup::Wait(Clock& clock, std::optional<TimePoint> until) {
  MutexLock lock(mu_);
  while (!notified_) {
    if (!clock.WaitUntil(changed_, mu_, until.value_or(TimePoint::max()))) return;
  }
}

}  // namespace pano::serving
