#include "app/api/anthropic/message_stream.h"

#include <utility>

#include "app/api/anthropic/errors.h"

namespace pano::api::anthropic {

using json::Value;

MessageStream::MessageStream(CallPtr call, MessagesCall messages, std::chrono::milliseconds keep_alive)
    : request_id_(call->request().id),
      messages_(std::move(messages)),
      writer_(std::make_shared<SseWriter>(std::move(call), keep_alive)),
      output_(messages_.source),
      blocks_(*this) {
  writer_->Begin();
  Value event;
  event.Set("message", MessageJson(messages_, Value(json::Array()), {}, 0));
  Send("message_start", std::move(event));
}

// Every event's data begins with its type, which is its name, too.
void MessageStream::Send(std::string_view type, Value event) {
  Value data;
  data.Set("type", type);
  if (event.is_object()) {
    for (auto& [name, member] : event.as_object()) data.Set(name, std::move(member));
  }
  writer_->TypedEvent(type, data);
}

void MessageStream::StartBlock(int64_t index, Value block) {
  Value event;
  event.Set("index", index);
  event.Set("content_block", std::move(block));
  Send("content_block_start", std::move(event));
  if (index == 0) Send("ping", Value());
}

void MessageStream::AddToBlock(int64_t index, Value delta) {
  Value event;
  event.Set("index", index);
  event.Set("delta", std::move(delta));
  Send("content_block_delta", std::move(event));
}

void MessageStream::StopBlock(int64_t index) {
  Value event;
  event.Set("index", index);
  Send("content_block_stop", std::move(event));
}

bool MessageStream::OnEvent(size_t, engine::Event event) {
  if (event.kind == engine::Event::Kind::kToken) blocks_.Add(output_.Append(event.text));
  if (event.kind == engine::Event::Kind::kFinish) Finish(std::move(event));
  return true;
}

void MessageStream::Finish(engine::Event event) {
  if (Failure failure = CheckFinish(event); !failure.ok()) {
    status_ = failure.HttpStatus();
    writer_->TypedEvent("error", ErrorBodyJson(failure, request_id_));
    return;
  }
  blocks_.Add(output_.Append(event.text));
  blocks_.Add(output_.Finish());
  blocks_.Finish();
  const StopReason stop = StopReasonOf(event.reason, event.stop_match, output_.has_calls());
  Value delta;
  delta.Set("stop_reason", stop.name);
  delta.Set("stop_sequence", stop.sequence);
  Value last;
  last.Set("delta", std::move(delta));
  last.Set("usage", UsageOf(messages_.input_tokens, event.usage.completion_tokens));
  Send("message_delta", std::move(last));
  Send("message_stop", Value());
}

void MessageStream::OnEnd() { writer_->Finish(status_); }

}  // namespace pano::api::anthropic
