#include "app/api/streams/replay.h"

#include <algorithm>
#include <utility>

#include "app/api/streaming/resumable.h"
#include "app/api/streaming/stream_reader.h"
#include "app/streams/event_id.h"
#include "app/streams/stream_owner.h"
#include "app/streams/stream_store.h"
#include "base/strings.h"

namespace pano::api::resuming {
namespace {

// An EventSource sends the header when it comes back by itself; polyfills that cannot set headers have
// the query.
Result<streams::EventId> LastEventId(const http::Request& request) {
  const auto is_it = [](const auto& header) { return ToLower(header.first) == "last-event-id"; };
  if (std::count_if(request.headers.begin(), request.headers.end(), is_it) > 1) {
    return InvalidArgument("Last-Event-ID is given twice").WithReason("invalid_last_event_id");
  }
  std::string_view text = Trim(request.Header("Last-Event-ID"));
  if (text.empty()) text = request.Query("lastEventId").value_or("");
  return streams::ParseLastEventId(text);
}

}  // namespace

void Replay(Context& context, CallPtr call) {
  const http::Request& request = call->request();
  Result<std::shared_ptr<streams::StreamLog>> log = context.streams.Find(
      streams::OwnerOf(call->principal), call->PathParam("request_id"));
  if (!log.ok()) return call->Fail(log.error());
  const Result<streams::EventId> after = LastEventId(request);
  if (!after.ok()) return call->Fail(after.error());
  if (request.method == "HEAD") {
    call->exchange().BeginStream(200, EventStreamHeaders(call->headers));
    call->Record(200);
    return call->exchange().Finish();
  }
  const Status read = StreamReader::Start(call->exchange_ptr(), *log, *after,
                                          {.keep_alive = context.options.keep_alive,
                                           .headers = call->headers,
                                           .done = [call](int status) { call->Record(status); }});
  if (!read.ok()) call->Fail(StreamRefused(read, context));
}

void Delete(Context& context, CallPtr call) {
  const std::string id(call->PathParam("request_id"));
  if (Status status = context.streams.Delete(streams::OwnerOf(call->principal), id); !status.ok()) {
    return call->Fail(status);
  }
  json::Value body;
  body.Set("id", id);
  body.Set("object", "stream");
  body.Set("deleted", true);
  call->RespondJson(body);
}

}  // namespace pano::api::resuming
