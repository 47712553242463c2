#include "model/engine/token_stream.h"

#include <utility>

namespace pano::engine {

TokenStream::TokenStream(std::string request_id, int choices, size_t capacity)
    : request_id_(std::move(request_id)), capacity_(capacity), unfinished_(choices) {}

void TokenStream::SetWake(std::function<void()> wake) { wake_ = std::move(wake); }

std::optional<Event> TokenStream::PopLocked(bool& has_room_again) {
  if (events_.empty()) return std::nullopt;
  Event event = std::move(events_.front());
  events_.pop_front();
  has_room_again = events_.size() + 1 == capacity_;
  if (events_.size() < capacity_) full_since_.reset();
  return event;
}

std::optional<Event> TokenStream::TryPop() {
  bool has_room_again = false;
  std::optional<Event> event;
  {
    MutexLock lock(mu_);
    event = PopLocked(has_room_again);
  }
  if (has_room_again && wake_) wake_();
  return event;
}

std::optional<Event> TokenStream::Pop() {
  bool has_room_again = false;
  std::optional<Event> event;
  {
    MutexLock lock(mu_);
    while (events_.empty() && unfinished_ > 0) ready_.Wait(mu_);
    event = PopLocked(has_room_again);
  }
  if (has_room_again && wake_) wake_();
  return event;
}

bool TokenStream::done() const {
  MutexLock lock(mu_);
  return events_.empty() && unfinished_ == 0;
}

void TokenStream::SetNotify(std::function<void()> notify) {
  std::shared_ptr<const std::function<void()>> next;
  if (notify) next = std::make_shared<const std::function<void()>>(std::move(notify));
  bool pending = false;
  {
    MutexLock lock(mu_);
    notify_ = next;
    pending = !events_.empty();
  }
  if (pending && next) (*next)();
}

void TokenStream::Cancel() {
  {
    MutexLock lock(mu_);
    if (std::exchange(cancelled_, true)) return;
  }
  if (wake_) wake_();
}

size_t TokenStream::Room() const {
  MutexLock lock(mu_);
  return events_.size() < capacity_ ? capacity_ - events_.size() : 0;
}

void TokenStream::Push(Event event) {
  std::shared_ptr<const std::function<void()>> notify;
  {
    MutexLock lock(mu_);
    if (event.kind == Event::Kind::kFinish) --unfinished_;
    events_.push_back(std::move(event));
    notify = notify_;
    ready_.NotifyAll();
  }
  if (notify) (*notify)();
}

bool TokenStream::cancelled() const {
  MutexLock lock(mu_);
  return cancelled_;
}

Duration TokenStream::FullFor(TimePoint now) {
  MutexLock lock(mu_);
  if (events_.size() < capacity_) return Duration::zero();
  if (!full_since_) full_since_ = now;
  return now - *full_since_;
}

}  // namespace pano::engine
