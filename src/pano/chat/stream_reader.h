#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "app/http/sse.h"
#include "base/json.h"
#include "base/status.h"
#include "pano/chat/backend.h"

namespace pano::chat {

// Reads what a server answers to /v1/chat/completions: server-sent events, or one JSON object where it
// knows no streaming. Nothing of it is believed: an event that is no JSON, a text that never ends or an
// error in the middle ends in a word. Confined to one thread.
class StreamReader {
 public:
  static constexpr size_t kAnswerBytesMax = 64 << 20;

  explicit StreamReader(ThinkingSplitter& answer)
      : answer_(answer), sse_([this](const http::SseEvent& e) { OnEvent(e); }, 4 << 20) {}

  // Bytes of the body; false when no more are wanted.
  bool Feed(std::string_view bytes);
  // After the last byte.
  Result<AnswerEnd> Finish();
  const Status& failure() const { return failure_; }
  bool any_text() const { return text_bytes_ > 0; }

 private:
  void OnEvent(const http::SseEvent& event);
  void OnChoice(const json::Value& choice, std::string_view part);
  void OnUsage(const json::Value* usage);
  void Fail(Status status);

  ThinkingSplitter& answer_;
  http::SseParser sse_;
  std::string whole_;           // of a body that is one JSON object
  bool is_whole_ = false;
  bool any_byte_ = false;
  bool complete_ = false;
  size_t text_bytes_ = 0;
  AnswerEnd end_;
  Status failure_;
};

// What an error body of a server says, safe and short, with the reason kContextFull where it is about
// the length of the conversation.
Status ServerError(std::string_view body, StatusCode code, std::string_view otherwise);

}  // namespace pano::chat
