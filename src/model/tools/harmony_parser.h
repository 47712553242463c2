#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/tools/call_sink.h"
#include "model/tools/json_scanner.h"
#include "model/tools/message_parser.h"

namespace pano::tools {

// What begins gpt-oss's reasoning.
inline constexpr std::string_view kHarmonyReasoning = "<|channel|>analysis<|message|>";
// What ends it and begins the answer.
inline constexpr std::string_view kHarmonyReasoningEnd =
    "<|end|><|start|>assistant<|channel|>final<|message|>";

// The tokens that divide its messages.
std::vector<std::string> HarmonyMarks();

// The parser of gpt-oss's format (OpenAI's "harmony"): an answer is a sequence of messages, each a
// header with a channel and perhaps a recipient, and a body:
//
//   <|channel|>analysis<|message|>...<|end|><|start|>assistant<|channel|>final<|message|>...
//   <|channel|>commentary to=functions.f <|constrain|>json<|message|>{...}<|call|>
//
// "analysis" is reasoning, a recipient "functions.f" a call, everything else content. The prompt ends
// with "<|start|>assistant". Thread-compatible.
class HarmonyParser final : public MessageParser {
 public:
  explicit HarmonyParser(CallSink::Settings sink) : sink_(std::move(sink)) {}
  void Append(std::string_view text, MessageDelta* out) override;
  void Finish(MessageDelta* out) override;

 private:
  enum class State { kHeader, kBody, kBetween };
  enum class Body { kContent, kReasoning, kCall };

  void Step(char c);
  void StepHeader(char c);
  void StepBody(char c);
  void BeginBody();
  void EndBody();
  void CallByte(char c);
  void NoCall();  // the body is content after all
  void Emit(char c);

  CallSink sink_;
  MessageDelta* out_ = nullptr;
  State state_ = State::kHeader;
  Body body_ = Body::kContent;
  std::string header_;
  std::string held_;    // the beginning of a mark
  std::string blanks_;
  bool has_content_ = false, has_reasoning_ = false;
  bool begins_ = false;  // nothing of the body went out

  // Of a call.
  JsonScanner scanner_;
  std::string raw_;
  bool in_json_ = false;
};

}  // namespace pano::tools
