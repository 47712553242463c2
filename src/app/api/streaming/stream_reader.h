#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>

#include "app/api/streaming/keep_alive.h"
#include "app/http/http.h"
#include "app/streams/stream_log.h"
#include "base/status.h"

namespace pano::api {

// The headers of an event stream; those of the call come beside them.
http::Headers EventStreamHeaders(const http::Headers& more);

// Carries a stream's log to one connection, from one event on, as fast as its client takes it; what a
// slow one has not taken stays in the log. A client that goes ends this and not the stream. Confined to
// the connection's thread; the log's other users only wake it.
class StreamReader : public std::enable_shared_from_this<StreamReader> {
 public:
  // Bytes waiting for the socket above which events stay in the log.
  static constexpr size_t kPendingBytesMax = 64 << 10;
  static constexpr size_t kPieceBytesMax = 16 << 10;

  struct Options {
    std::chrono::milliseconds keep_alive;
    http::Headers headers;              // beside those of event streams
    std::function<void(int)> done = {};  // 200 after the last event; 499: the client went, or was too slow
  };
  // As StreamLog::AddReader: what it refuses has to be answered, nothing was begun.
  static Status Start(std::shared_ptr<http::Exchange> exchange, std::shared_ptr<streams::StreamLog> log,
                      streams::EventId after, Options options);

 private:
  struct Private {};

 public:
  StreamReader(Private, std::shared_ptr<http::Exchange> exchange,
               std::shared_ptr<streams::StreamLog> log, Options options);

 private:
  void Wake();
  void Begin();
  void Pump();
  void Finish();
  void CutOff();
  void End(int status);

  std::shared_ptr<http::Exchange> exchange_;  // null when this is over
  const std::shared_ptr<streams::StreamLog> log_;
  Options options_;
  const std::shared_ptr<KeepAlive> keep_alive_;
  streams::StreamLog::ReaderId reader_ = 0;
  std::atomic<bool> posted_{false};  // at most one wake-up is queued on the connection's thread
  const std::weak_ptr<http::Exchange> wake_at_;
  bool begun_ = false;
  bool pumping_ = false;
};

}  // namespace pano::api
