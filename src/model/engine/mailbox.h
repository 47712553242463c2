#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "model/engine/sequence.h"
#include "model/serving/wakeup.h"

namespace pano::engine {

// What other threads have told the engine's loop: requests, and ids of those to cancel. Each message
// wakes the loop. Thread-safe.
class Mailbox {
 public:
  struct Messages {
    std::vector<std::unique_ptr<ActiveRequest>> submitted;
    std::vector<std::string> cancelled;  // request ids
  };

  explicit Mailbox(serving::Wakeup& wakeup) : wakeup_(wakeup) {}  // outlives it

  void Submit(std::unique_ptr<ActiveRequest> request);
  void Cancel(std::string request_id);

  // The loop's side: what has come since the last Take.
  Messages Take();

 private:
  serving::Wakeup& wakeup_;
  Mutex mu_;
  Messages messages_ PANO_GUARDED_BY(mu_);
};

}  // namespace pano::engine
