#include "app/streams/stream_log.h"

#include <utility>

#include "app/http/sse.h"
#include "base/check.h"
#include "base/strings.h"

namespace pano::streams {

StreamLog::StreamLog(Options options)
    : options_(std::move(options)), idle_since_(options_.clock->Now()) {}

StreamLog::~StreamLog() {
  if (options_.share) options_.share->Remove(bytes_);
}

void StreamLog::SetProducer(Producer producer) {
  bool cancelled = false;
  std::function<void()> tell;
  {
    MutexLock lock(mu_);
    producer_ = std::move(producer);
    cancelled = cancelled_ && !ended_;
    if (cancelled) tell = producer_.cancelled;
  }
  if (tell) tell();
}

bool StreamLog::OverBounds() const {
  return bytes_ >= options_.bytes_max || (options_.share && options_.share->full());
}

// What a reader was given may make way.
bool StreamLog::RoomNow() const {
  if (cancelled_) return true;
  if (bytes_ - given_bytes_ >= options_.bytes_max) return false;
  return !options_.share || !options_.share->full(given_bytes_);
}

bool StreamLog::HasRoom() {
  MutexLock lock(mu_);
  producer_waits_ = !RoomNow();
  return !producer_waits_;
}

void StreamLog::Hold(size_t bytes) {
  bytes_ += bytes;
  if (options_.share) options_.share->Add(bytes);
}

void StreamLog::DropOldest() {
  const size_t bytes = events_.front().size() + kBytesPerEvent;
  bytes_ -= bytes;
  given_bytes_ -= bytes;  // only such are dropped
  if (options_.share) options_.share->Remove(bytes);
  events_.pop_front();
  ++dropped_;
}

void StreamLog::Give(EventId up_to) {
  for (; given_ < up_to; ++given_) {
    given_bytes_ += events_[static_cast<size_t>(given_ + 1 - FirstKept())].size() + kBytesPerEvent;
  }
}

void StreamLog::NotifyReaders() {
  for (auto& [id, reader] : readers_) {
    if (reader.notify) reader.notify();
  }
}

void StreamLog::Append(std::string_view event, std::string_view data) {
  MutexLock lock(mu_);
  PANO_CHECK(!ended_);
  std::string text;
  http::AppendSseEvent(text, event, StrCat(Last() + 1), data);
  Hold(text.size() + kBytesPerEvent);
  events_.push_back(std::move(text));
  while (OverBounds() && given_ >= FirstKept()) DropOldest();
  NotifyReaders();
}

void StreamLog::End() {
  Producer gone;  // let go without the lock: it may hold anything
  MutexLock lock(mu_);
  if (std::exchange(ended_, true)) return;
  gone = std::exchange(producer_, {});
  idle_since_ = options_.clock->Now();
  NotifyReaders();
}

Result<StreamLog::ReaderId> StreamLog::AddReader(EventId after, std::function<void()> notify) {
  MutexLock lock(mu_);
  if (after < 0 || after > Last()) {
    return InvalidArgument(StrCat("the last event id ", after, " has not been: this stream's last event is ",
                                  Last()))
        .WithReason("invalid_last_event_id");
  }
  if (after + 1 < FirstKept()) {
    return Status(StatusCode::kExhausted,
                  StrCat("event ", after + 1, " is not kept any more: the log of this stream is full, and "
                         "begins with event ", FirstKept()))
        .WithReason("stream_events_dropped");
  }
  const ReaderId id = ++readers_made_;
  readers_[id] = {after + 1, std::move(notify)};
  if (!ended_) idle_since_.reset();
  return id;
}

void StreamLog::RemoveReader(ReaderId reader) {
  std::function<void()> notify;  // goes without the lock
  MutexLock lock(mu_);
  const auto found = readers_.find(reader);
  if (found == readers_.end()) return;
  notify = std::move(found->second.notify);
  readers_.erase(found);
  if (readers_.empty() && !ended_) idle_since_ = options_.clock->Now();
}

StreamLog::Piece StreamLog::Read(ReaderId reader, size_t bytes_max) {
  Piece piece;
  std::function<void()> room;
  {
    MutexLock lock(mu_);
    const auto found = readers_.find(reader);
    if (found == readers_.end()) return piece;
    EventId& next = found->second.next;
    if (next < FirstKept()) {
      piece.lost = true;
      return piece;
    }
    size_t end = static_cast<size_t>(next - FirstKept());
    const size_t begin = end;
    size_t size = 0;
    while (end < events_.size() && (end == begin || size + events_[end].size() <= bytes_max)) {
      size += events_[end++].size();
    }
    piece.bytes.reserve(size);
    for (size_t i = begin; i < end; ++i) piece.bytes += events_[i];
    next += static_cast<EventId>(end - begin);
    Give(next - 1);
    piece.ended = ended_ && end == events_.size();
    if (producer_waits_ && RoomNow()) {
      producer_waits_ = false;
      room = producer_.room;
    }
  }
  if (room) room();
  return piece;
}

void StreamLog::Cancel() {
  std::function<void()> cancelled;
  {
    MutexLock lock(mu_);
    if (ended_ || std::exchange(cancelled_, true)) return;
    cancelled = producer_.cancelled;
  }
  if (cancelled) cancelled();
}

void StreamLog::Close() {
  std::map<ReaderId, Reader> readers;  // go without the lock
  Producer producer;
  MutexLock lock(mu_);
  readers.swap(readers_);
  producer = std::exchange(producer_, {});
}

EventId StreamLog::last() const {
  MutexLock lock(mu_);
  return Last();
}

bool StreamLog::ended() const {
  MutexLock lock(mu_);
  return ended_;
}

std::optional<TimePoint> StreamLog::idle_since() const {
  MutexLock lock(mu_);
  return idle_since_;
}

bool StreamLog::WakeProducer() {
  std::function<void()> room;
  {
    MutexLock lock(mu_);
    if (!producer_waits_ || ended_) return false;
    if (!RoomNow()) return true;
    producer_waits_ = false;
    room = producer_.room;
  }
  if (room) room();
  return false;
}

size_t StreamLog::bytes() const {
  MutexLock lock(mu_);
  return bytes_;
}

}  // namespace pano::streams
