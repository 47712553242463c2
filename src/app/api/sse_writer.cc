#include "app/api/sse_writer.h"

#include <utility>

#include "app/api/streaming/stream_reader.h"
#include "app/http/sse.h"
#include "base/check.h"
#include "base/strings.h"

namespace pano::api {

SseWriter::SseWriter(CallPtr call, std::chrono::milliseconds keep_alive)
    : call_(std::move(call)),
      interval_(keep_alive),
      keep_alive_(std::make_shared<KeepAlive>(keep_alive)) {}

void SseWriter::Begin() {
  if (call_->stream_log) {
    const Status read = StreamReader::Start(call_->Detach(), call_->stream_log, /*after=*/0,
                                            {.keep_alive = interval_, .headers = call_->headers});
    PANO_CHECK(read.ok());  // every log has a place before its first event
    return;
  }
  call_->exchange().BeginStream(200, EventStreamHeaders(call_->headers));
  keep_alive_->Start(call_->exchange_ptr());
}

void SseWriter::Write(std::string text) {
  keep_alive_->Note();
  call_->exchange().Write(std::move(text));
}

void SseWriter::Event(std::string_view name, const json::Value& data) {
  if (call_->stream_log) return call_->stream_log->Append(name, json::Dump(data));
  std::string text;
  http::AppendSseEvent(text, name, StrCat(++events_), json::Dump(data));
  Write(std::move(text));
}

void SseWriter::TypedEvent(std::string_view name, const json::Value& data) {
  if (call_->stream_log) return call_->stream_log->Append(name, json::Dump(data));
  std::string text;
  http::AppendSseEvent(text, name, "", json::Dump(data));
  Write(std::move(text));
}

void SseWriter::Data(const json::Value& data) { DataText(json::Dump(data)); }

void SseWriter::DataText(std::string_view data) {
  if (call_->stream_log) return call_->stream_log->Append("", data);
  std::string text;
  http::AppendSseEvent(text, "", "", data);
  Write(std::move(text));
}

void SseWriter::Finish(int status) {
  if (std::exchange(finished_, true)) return;
  call_->Record(status);
  keep_alive_->Stop();
  if (call_->stream_log) return call_->stream_log->End();
  call_->exchange().Finish();
}

}  // namespace pano::api
