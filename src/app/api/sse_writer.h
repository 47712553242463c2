#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string_view>

#include "app/api/call.h"
#include "base/fwd.h"

namespace pano::api {

// One answer as server-sent events. While nothing else is sent, a comment goes out every
// `keep_alive`, so that proxies keep the connection. Confined to one thread, but for the comments,
// which are the connection's.
class SseWriter : public std::enable_shared_from_this<SseWriter> {
 public:
  SseWriter(CallPtr call, std::chrono::milliseconds keep_alive);

  void Begin();
  // "event: NAME", an "id:" that counts from 1, "data: {...}".
  void Event(std::string_view name, const json::Value& data);
  // "data: ..." alone, as OpenAI's clients read it.
  void Data(const json::Value& data);
  void DataText(std::string_view text);
  // Ends the stream; `status` is what the metrics count (200, or what an error event stood for).
  void Finish(int status);

 private:
  void ScheduleKeepAlive();

  const CallPtr call_;
  const std::chrono::milliseconds keep_alive_;
  int64_t events_ = 0;
  std::atomic<int64_t> writes_{0};
  std::atomic<bool> finished_{false};
};

}  // namespace pano::api
