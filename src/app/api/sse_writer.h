#pragma once

#include <cstdint>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "app/api/call.h"
#include "app/api/streaming/keep_alive.h"
#include "base/fwd.h"

namespace pano::api {

// One answer as server-sent events. While nothing else is sent, a comment goes out every
// `keep_alive`, so that proxies keep the connection. Where the call has a log, events go there, each
// with an id, and the connection is the log's first reader. Confined to one thread, but for the
// comments, which are the connection's.
class SseWriter {
 public:
  SseWriter(CallPtr call, std::chrono::milliseconds keep_alive);

  void Begin();
  // "event: NAME", an "id:" that counts from 1, "data: {...}".
  void Event(std::string_view name, const json::Value& data);
  // The same without an "id:", unless the stream is resumable.
  void TypedEvent(std::string_view name, const json::Value& data);
  // "data: ..." alone, as OpenAI's clients read it.
  void Data(const json::Value& data);
  void DataText(std::string_view text);
  // Ends the stream; `status` is what the metrics count (200, or what an error event stood for).
  void Finish(int status);

 private:
  void Write(std::string text);

  const CallPtr call_;
  const std::chrono::milliseconds interval_;
  const std::shared_ptr<KeepAlive> keep_alive_;
  int64_t events_ = 0;
  bool finished_ = false;
};

}  // namespace pano::api
