#pragma once

#include <deque>
#include <functional>
#include <memory>
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
  // What Push hands over is bounded by the engine, which asks HasRoom first: at most `capacity`
  // events and two more a choice (its last token and its finish) wait at any time.
  TokenStream(std::string request_id, int choices, size_t capacity);

  const std::string& request_id() const { return request_id_; }

  // Reader's side.
  std::optional<Event> TryPop();  // nothing: none is there yet, or done()
  // Blocks until there is an event or the stream is done (then nothing). For callers with a thread.
  std::optional<Event> Pop();
  // All choices have finished and their events were popped.
  bool done() const;
  // `notify` is called (from the engine's thread, without locks held) after events were added, and
  // at once if some are there. It must return quickly and must not destroy the stream. A call of
  // the one that was set before may still be under way when this returns.
  void SetNotify(std::function<void()> notify);
  // The reader is gone or no longer interested: the request ends within one step. The engine also
  // takes it as this when the last pointer that Submit handed out goes.
  void Cancel();

  // Engine's side.
  bool HasRoom() const { return Room() > 0; }
  size_t Room() const;  // events until it is full
  void Push(Event event);
  bool cancelled() const;
  // How long the stream has been full at `now`, as far as these calls saw it; zero when it is not.
  Duration FullFor(TimePoint now);
  // `wake` is called (from the reader's thread, without locks held) when a full stream has room
  // again and when it is cancelled. Set once, before the reader gets the stream.
  void SetWake(std::function<void()> wake);

 private:
  std::optional<Event> PopLocked(bool& has_room_again) PANO_REQUIRES(mu_);

  const std::string request_id_;
  const size_t capacity_;
  std::function<void()> wake_;  // constant once the stream is shared

  mutable Mutex mu_;
  CondVar ready_;
  std::deque<Event> events_ PANO_GUARDED_BY(mu_);
  int unfinished_ PANO_GUARDED_BY(mu_);
  bool cancelled_ PANO_GUARDED_BY(mu_) = false;
  std::optional<TimePoint> full_since_ PANO_GUARDED_BY(mu_);
  std::shared_ptr<const std::function<void()>> notify_ PANO_GUARDED_BY(mu_);
};

}  // namespace pano::engine
