#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "app/api/anthropic/content_blocks.h"
#include "app/api/anthropic/messages_call.h"
#include "app/api/generation.h"
#include "app/api/message_output.h"
#include "app/api/sse_writer.h"

namespace pano::api::anthropic {

// A streamed message: message_start, then for each block of its content content_block_start,
// content_block_delta, ..., content_block_stop; message_delta with why it ended, message_stop. A failure
// on the way is an event "error", the last. Confined to the connection's thread.
class MessageStream final : public GenerationSink, private BlockSink {
 public:
  MessageStream(CallPtr call, MessagesCall messages, std::chrono::milliseconds keep_alive);

  bool OnEvent(size_t input, engine::Event event) override;
  void OnEnd() override;

 private:
  void StartBlock(int64_t index, json::Value block) override;
  void AddToBlock(int64_t index, json::Value delta) override;
  void StopBlock(int64_t index) override;
  void Send(std::string_view type, json::Value event);
  void Finish(engine::Event event);

  const std::string request_id_;
  const MessagesCall messages_;
  const std::shared_ptr<SseWriter> writer_;
  MessageOutput output_;
  BlockCutter blocks_;
  int status_ = 200;
};

}  // namespace pano::api::anthropic
