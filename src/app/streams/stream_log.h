#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "app/streams/event_id.h"
#include "app/streams/log_memory.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"

namespace pano::streams {

// The events of one answer, kept so that whoever lost its connection can read on. One producer appends,
// any number of readers read, each from its own place; a slow reader holds up nobody.
//
// Bounds. Events are kept from the first on, up to `bytes_max` of this log and what its tenant's LogShare
// has. Beyond that the oldest are dropped as far as one reader has been given them (a reader that is
// not that far, or comes back to before them, is told so: kExhausted, never a gap); where no reader has,
// HasRoom is false and the producer pauses. So memory is bounded by bytes_max and the one round of events
// that a producer takes after it asked.
//
// Thread-safe; the producer is one thread at a time.
class StreamLog {
 public:
  // Counted for each event beside its text: what a deque and a string's header take.
  static constexpr size_t kBytesPerEvent = 64;

  struct Options {
    std::string id;
    size_t bytes_max = 16 << 20;
    std::shared_ptr<LogShare> share = nullptr;  // of its tenant; null: no such bound
    Clock* clock = &Clock::Real();
  };
  explicit StreamLog(Options options);
  ~StreamLog();
  StreamLog(const StreamLog&) = delete;
  StreamLog& operator=(const StreamLog&) = delete;

  const std::string& id() const { return options_.id; }

  // ---- The producer's side ----

  // Told from any thread, without locks held: there is room again after HasRoom was false; nobody wants
  // the rest. Null forgets them.
  struct Producer {
    std::function<void()> room;
    std::function<void()> cancelled;
  };
  void SetProducer(Producer producer);
  // False: wait for `room`. A cancelled log has room for what ends the answer.
  bool HasRoom();
  // One event more; `event` as in http::AppendSseEvent, the id is this log's own.
  void Append(std::string_view event, std::string_view data);
  void End();

  // ---- The readers' side ----

  using ReaderId = int64_t;
  // Reads what comes after event `after`. `notify` is called when there is more, or the end: under a
  // lock, so it only posts. InvalidArgument for an event that has not been, kExhausted (410, "events
  // dropped") for one whose next is not kept any more.
  Result<ReaderId> AddReader(EventId after, std::function<void()> notify);
  void RemoveReader(ReaderId reader);
  struct Piece {
    std::string bytes;   // whole events, "" when there are none now
    bool ended = false;  // nothing comes after these
    bool lost = false;   // what comes next was dropped: this reader was too slow
  };
  // Whole events up to `bytes_max`, one at least if there is one.
  Piece Read(ReaderId reader, size_t bytes_max);

  // ---- The store's side ----

  // Nobody wants the rest: the producer is told, and ends the log. Once.
  void Cancel();
  // Not to be found any more, whether or not it has ended.
  void Discard() { discarded_ = true; }
  bool discarded() const { return discarded_; }
  // Lets go of the readers and the producer; nothing is read or told after it.
  void Close();

  EventId last() const;  // 0: none yet
  bool ended() const;
  // Since when the log has ended, or has had no reader; nothing while it is read and goes on.
  std::optional<TimePoint> idle_since() const;
  // Tells a producer that waits, if there is room by now; whether it waits still.
  bool WakeProducer();
  size_t bytes() const;

 private:
  struct Reader {
    EventId next = 1;
    std::function<void()> notify;
  };

  EventId FirstKept() const PANO_REQUIRES(mu_) { return dropped_ + 1; }
  EventId Last() const PANO_REQUIRES(mu_) {
    return dropped_ + static_cast<EventId>(events_.size());
  }
  bool OverBounds() const PANO_REQUIRES(mu_);
  bool RoomNow() const PANO_REQUIRES(mu_);
  void DropOldest() PANO_REQUIRES(mu_);
  void Hold(size_t bytes) PANO_REQUIRES(mu_);
  void Give(EventId up_to) PANO_REQUIRES(mu_);
  void NotifyReaders() PANO_REQUIRES(mu_);

  const Options options_;
  std::atomic<bool> discarded_{false};

  mutable Mutex mu_;
  std::deque<std::string> events_ PANO_GUARDED_BY(mu_);  // from FirstKept() on
  EventId dropped_ PANO_GUARDED_BY(mu_) = 0;
  EventId given_ PANO_GUARDED_BY(mu_) = 0;  // the furthest that a reader was given
  size_t bytes_ PANO_GUARDED_BY(mu_) = 0;
  size_t given_bytes_ PANO_GUARDED_BY(mu_) = 0;  // of these, up to given_: they may be dropped
  std::map<ReaderId, Reader> readers_ PANO_GUARDED_BY(mu_);
  ReaderId readers_made_ PANO_GUARDED_BY(mu_) = 0;
  std::optional<TimePoint> idle_since_ PANO_GUARDED_BY(mu_);
  Producer producer_ PANO_GUARDED_BY(mu_);
  bool producer_waits_ PANO_GUARDED_BY(mu_) = false;
  bool cancelled_ PANO_GUARDED_BY(mu_) = false;
  bool ended_ PANO_GUARDED_BY(mu_) = false;
};

}  // namespace pano::streams
