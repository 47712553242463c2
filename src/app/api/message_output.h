#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/engine/request.h"
#include "model/tools/message.h"
#include "model/tools/message_parser.h"
#include "model/tools/tool_format.h"

namespace pano::api {

// How the answers to one chat are to be read; shared by its choices. Made by PrepareChat. A value.
struct MessageSource {
  tools::ToolFormatPtr format = nullptr;  // null: all text is content
  tools::ToolsPtr tools = nullptr;        // that may be called; null: none
  std::string prompt_end = {};            // a few hundred bytes
  bool trusted = false;                   // a grammar constrains the calls
  bool parallel = true;                   // more than one call in a message; else the first counts
  // Control tokens that are marks: the engine has to write them as text (RequestFrame).
  std::vector<engine::TokenId> shown_special = {};
  std::optional<engine::ReasoningLimit> reasoning = {};  // for the engine, beside a grammar
};

// One choice's text on its way to becoming a message: for the sinks of chat dialects. Confined to one
// thread at a time.
class MessageOutput {
 public:
  explicit MessageOutput(const MessageSource& source);

  // What more is known with this text. The deltas add up to `message()`.
  tools::MessageDelta Append(std::string_view text);
  // The same of one token's text, which may be "" while some is held back.
  tools::MessageDelta AppendToken(std::string_view text);
  // The text is over. Once.
  tools::MessageDelta Finish();

  const tools::Message& message() const { return message_; }
  bool has_calls() const { return !message_.calls.empty(); }
  // Of the tokens so far, those of reasoning: those that it became known with, and those behind them that
  // say nothing by themselves (blanks, the mark that ends it). Nothing: the model does not reason.
  std::optional<int64_t> reasoning_tokens() const {
    return reasons_ ? std::optional(reasoning_tokens_) : std::nullopt;
  }

 private:
  tools::MessageDelta Keep(tools::MessageDelta delta);

  bool parallel_;
  bool reasons_;            // the format has reasoning
  bool reasoning_ = false;  // what was read last was reasoning
  int64_t reasoning_tokens_ = 0;
  std::unique_ptr<tools::MessageParser> parser_;
  tools::Message message_;
};

// The message of a whole text.
tools::Message ReadMessage(const MessageSource& source, std::string_view text);

// Whether a choice that ended so ended by its calls: "tool_calls" in OpenAI's words, "tool_use" in
// Anthropic's. One that was cut off did not.
bool EndedByCalls(engine::FinishReason reason, bool has_calls);

}  // namespace pano::api
