#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>

#include "app/http/http.h"

namespace pano::api {

// Sends a comment (WHATWG HTML, 9.2) on a stream that nothing was written to for a while, so that proxies
// keep its connection. Thread-safe.
class KeepAlive : public std::enable_shared_from_this<KeepAlive> {
 public:
  // Not above 0: no comments.
  explicit KeepAlive(std::chrono::milliseconds interval) : interval_(interval) {}

  // After the stream of `exchange` has begun. The exchange is held until Stop or its end.
  void Start(std::shared_ptr<http::Exchange> exchange);
  // Something was written just now.
  void Note() { last_write_ns_.store(NowNs(), std::memory_order_relaxed); }
  // Before the stream is finished: nothing is written after it.
  void Stop() { stopped_ = true; }

 private:
  static int64_t NowNs();
  static void Schedule(const std::shared_ptr<KeepAlive>& self, std::weak_ptr<http::Exchange> exchange,
                       std::chrono::milliseconds delay);

  const std::chrono::milliseconds interval_;
  std::atomic<int64_t> last_write_ns_{0};
  std::atomic<bool> stopped_{false};
};

}  // namespace pano::api
