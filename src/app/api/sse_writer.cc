#include "app/api/sse_writer.h"

#include <utility>

#include "base/strings.h"

namespace pano::api {

SseWriter::SseWriter(CallPtr call, std::chrono::milliseconds keep_alive)
    : call_(std::move(call)), keep_alive_(keep_alive) {}

void SseWriter::Begin() {
  http::Headers headers = {{"Content-Type", "text/event-stream; charset=utf-8"},
                           {"Cache-Control", "no-store"},
                           {"X-Accel-Buffering", "no"},  // nginx: pass events on at once
                           {"X-Content-Type-Options", "nosniff"}};
  headers.insert(headers.end(), call_->headers.begin(), call_->headers.end());
  call_->exchange().BeginStream(200, std::move(headers));
  ScheduleKeepAlive();
}

void SseWriter::Event(std::string_view name, const json::Value& data) {
  ++writes_;
  call_->exchange().Write(
      StrCat("event: ", name, "\nid: ", ++events_, "\ndata: ", json::Dump(data), "\n\n"));
}

void SseWriter::Data(const json::Value& data) { DataText(json::Dump(data)); }

void SseWriter::DataText(std::string_view text) {
  ++writes_;
  call_->exchange().Write(StrCat("data: ", text, "\n\n"));
}

void SseWriter::Finish(int status) {
  if (finished_.exchange(true)) return;
  call_->Record(status);
  call_->exchange().Finish();
}

void SseWriter::ScheduleKeepAlive() {
  if (keep_alive_.count() <= 0) return;
  call_->exchange().PostAfter(keep_alive_, [weak = weak_from_this(), seen = writes_.load()] {
    auto self = weak.lock();
    if (!self || self->finished_) return;
    if (self->writes_ == seen && self->call_->exchange().pending_bytes() == 0) {
      self->call_->exchange().Write(": keep-alive\n\n");
    }
    self->ScheduleKeepAlive();
  });
}

}  // namespace pano::api
