#include "model/engine/mailbox.h"

#include <utility>

namespace pano::engine {

void Mailbox::Submit(std::unique_ptr<ActiveRequest> request) {
  {
    MutexLock lock(mu_);
    messages_.submitted.push_back(std::move(request));
  }
  wakeup_.Notify();
}

void Mailbox::Cancel(std::string request_id) {
  {
    MutexLock lock(mu_);
    messages_.cancelled.push_back(std::move(request_id));
  }
  wakeup_.Notify();
}

Mailbox::Messages Mailbox::Take() {
  MutexLock lock(mu_);
  return std::exchange(messages_, {});
}

}  // namespace pano::engine
