#include "app/api/anthropic/content_blocks.h"

#include <utility>

#include "base/strings.h"

namespace pano::api::anthropic {
namespace {

using json::Value;

// An object of the type and one text.
Value Typed(std::string_view type, std::string_view name, std::string_view text) {
  Value object;
  object.Set("type", type);
  object.Set(name, text);
  return object;
}

}  // namespace

void BlockCutter::Open(Kind kind, Value block) {
  Close();
  open_ = kind;
  sink_.StartBlock(blocks_++, std::move(block));
}

void BlockCutter::Close() {
  if (open_ == Kind::kNone) return;
  // Nobody signs thoughts here; clients wait for a signature.
  if (open_ == Kind::kThinking) sink_.AddToBlock(blocks_ - 1, Typed("signature_delta", "signature", ""));
  open_ = Kind::kNone;
  sink_.StopBlock(blocks_ - 1);
}

void BlockCutter::AddText(Kind kind, std::string_view text) {
  if (text.empty()) return;
  const bool thinking = kind == Kind::kThinking;
  if (open_ != kind) {
    Value block = thinking ? Typed("thinking", "thinking", "") : Typed("text", "text", "");
    if (thinking) block.Set("signature", "");
    Open(kind, std::move(block));
  }
  sink_.AddToBlock(blocks_ - 1, thinking ? Typed("thinking_delta", "thinking", text) : Typed("text_delta", "text", text));
}

void BlockCutter::AddCall(const tools::ToolCallDelta& call) {
  if (open_ != Kind::kCall || call_ != call.index) {
    Value block = Typed("tool_use", "id", call.id.starts_with("call_") ? StrCat("toolu_", call.id.substr(5)) : call.id);
    block.Set("name", call.name);
    block.Set("input", Value(json::Object()));
    Open(Kind::kCall, std::move(block));
    call_ = call.index;
  }
  if (!call.arguments.empty()) sink_.AddToBlock(blocks_ - 1, Typed("input_json_delta", "partial_json", call.arguments));
}

void BlockCutter::Add(const tools::MessageDelta& delta) {
  AddText(Kind::kThinking, delta.reasoning);
  AddText(Kind::kText, delta.content);
  for (const tools::ToolCallDelta& call : delta.calls) AddCall(call);
}

void BlockCutter::Finish() {
  if (blocks_ == 0) Open(Kind::kText, Typed("text", "text", ""));
  Close();
}

void BlockList::StartBlock(int64_t, Value block) {
  block_ = std::move(block);
  text_.clear();
}

void BlockList::AddToBlock(int64_t, Value delta) {
  for (const char* name : {"text", "thinking", "partial_json"}) {
    if (const Value* text = delta.Find(name)) text_ += text->as_string();
  }
}

void BlockList::StopBlock(int64_t) {
  const std::string type = block_.Find("type")->as_string();
  if (type != "tool_use") {
    block_.Set(type, std::move(text_));
  } else if (Result<Value> input = json::Parse(text_); input.ok() && input->is_object()) {
    block_.Set("input", std::move(input).value());  // of a call that was cut off: {}
  }
  blocks_.Append(std::move(block_));
}

}  // namespace pano::api::anthropic
