#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/mutex.h"
#include "model/engine/request.h"

namespace pano::engine {

// The bounded queue between the engine's loop and whoever reads one request's events. When it is
// full the engine pauses the request's sequences; it never blocks. Thread-safe.
class TokenStream {
 public:
  // What Push hands over is bounded by the engine, which asks HasRoom first.
  TokenStream(std::string request_id, int choices, size_t capacity);

  const std::string& request_id() const { return request_id_; }

  // Reader's side.
  std::optional<Event> TryPop();            // nothing: none is there yet, or done()
  // Blocks until there is an event or the stream is done (then nothing). For callers with a thread.
  std::optional<Event> Pop();
  // All choices have finished and their events were popped.
  bool done() const;
  // `notify` is called (from the engine's thread, without locks held) after events were added, and at
  // once if some are there. It must return quickly and must not destroy the stream.
  void SetNotify(std::function<void()> notify);
  // The reader is gone or no longer interested: the request ends within one step.
  void Cancel();

  // Engine's side.
  bool HasRoom() const;
  void Push(Event event);
  bool cancelled() const;
  // How long the stream has been full at `now`; zero when it is not.
  Duration FullFor(TimePoint now);

 private:
  const std::string request_id_;
  const size_t capacity_;

  mutable Mutex mu_;
  CondVar ready_;
  std::deque<Event> events_ PANO_GUARDED_BY(mu_);
  int unfinished_ PANO_GUARDED_BY(mu_);
  bool cancelled_ PANO_GUARDED_BY(mu_) = false;
  std::optional<TimePoint> full_since_ PANO_GUARDED_BY(mu_);
  std::function<void()> notify_ PANO_GUARDED_BY(mu_);
};

}  // namespace pano::engine
