#include "model/engine/mailbox.h"

#include <utility>

namespace pano::engine {

void Mailbox::Submit(std::unique_ptr<ActiveRequest> request) {
  MutexLock lock(mu_);
  messages_.submitted.push_back(std::move(request));
  woken_ = true;
  changed_.NotifyAll();
}

void Mailbox::Cancel(std::string request_id) {
  MutexLock lock(mu_);
  messages_.cancelled.push_back(std::move(request_id));
  woken_ = true;
  changed_.NotifyAll();
}

void Mailbox::CancelAll() {
  MutexLock lock(mu_);
  messages_.cancel_all = true;
  woken_ = true;
  changed_.NotifyAll();
}

void Mailbox::Stop() {
  MutexLock lock(mu_);
  messages_.stop = true;
  woken_ = true;
  changed_.NotifyAll();
}

void Mailbox::Wake() {
  MutexLock lock(mu_);
  woken_ = true;
  changed_.NotifyAll();
}

Mailbox::Messages Mailbox::Take() {
  MutexLock lock(mu_);
  woken_ = false;
  Messages taken = std::exchange(messages_, {});
  messages_.cancel_all = taken.cancel_all;
  messages_.stop = taken.stop;
  return taken;
}

void Mailbox::Wait(std::optional<TimePoint> until) {
  MutexLock lock(mu_);
  while (!woken_) {
    if (!until) {
      changed_.Wait(mu_);
    } else if (!changed_.WaitUntil(mu_, *until)) {
      return;
    }
  }
}

}  // namespace pano::engine
