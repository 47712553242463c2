#include "app/api/streaming/keep_alive.h"

#include <algorithm>
#include <string>
#include <utility>

#include "app/http/sse.h"
#include "base/clock.h"

namespace pano::api {

using std::chrono::milliseconds;

int64_t KeepAlive::NowNs() { return Clock::Real().Now().time_since_epoch().count(); }

void KeepAlive::Start(std::shared_ptr<http::Exchange> exchange) {
  if (interval_.count() <= 0) return;
  Note();
  Schedule(shared_from_this(), exchange, interval_);
}

// Looks again when the interval since the last write is over.
void KeepAlive::Schedule(const std::shared_ptr<KeepAlive>& self,
                         std::weak_ptr<http::Exchange> weak_exchange, milliseconds delay) {
  const auto exchange = weak_exchange.lock();
  if (!exchange) return;
  const int64_t seen = self->last_write_ns_;
  exchange->PostAfter(delay, [weak = std::weak_ptr(self), weak_exchange, seen] {
    const auto live = weak.lock();
    const auto open = weak_exchange.lock();
    if (!live || !open || live->stopped_) return;
    const int64_t last = live->last_write_ns_;
    milliseconds next = live->interval_;
    if (last != seen) {
      const auto quiet = std::chrono::duration_cast<milliseconds>(std::chrono::nanoseconds(NowNs() - last));
      next = std::clamp(live->interval_ - quiet, milliseconds(1), live->interval_);
    } else if (open->pending_bytes() == 0) {
      open->Write(std::string(http::kSseKeepAlive));
    }
    Schedule(live, weak_exchange, next);
  });
}

}  // namespace pano::api
