#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "model/engine/sequence.h"

namespace pano::engine {

// What other threads tell the engine's loop, and where it sleeps. Thread-safe. Streams keep it alive
// beyond the engine, so that a late reader wakes nobody instead of a corpse.
class Mailbox {
 public:
  struct Messages {
    std::vector<std::unique_ptr<ActiveRequest>> submitted;
    std::vector<std::string> cancelled;   // request ids
    bool cancel_all = false;              // running requests end as cancelled, later ones too
    bool stop = false;                    // the same, and the loop returns
  };

  void Submit(std::unique_ptr<ActiveRequest> request);
  void Cancel(std::string request_id);
  void CancelAll();
  void Stop();
  // Something that the loop looks at has changed: a stream has room, or was cancelled.
  void Wake();

  // The loop's side: what has come since the last Take. `cancel_all` and `stop` stay.
  Messages Take();
  // Sleeps until something has come (or did since the last Take) or `until` has passed; no `until`:
  // for as long as it takes.
  void Wait(std::optional<TimePoint> until);

 private:
  Mutex mu_;
  CondVar changed_;
  Messages messages_ PANO_GUARDED_BY(mu_);
  bool woken_ PANO_GUARDED_BY(mu_) = false;
};

}  // namespace pano::engine
