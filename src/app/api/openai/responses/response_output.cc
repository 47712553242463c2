#include "app/api/openai/responses/response_output.h"

#include <utility>

#include "app/api/openai/responses/input_items.h"

namespace pano::api::openai {
namespace {

using json::Value;

Value TextPart(std::string_view text, Value logprobs) {
  Value part;
  part.Set("type", "output_text");
  part.Set("text", text);
  part.Set("annotations", Value(json::Array()));
  part.Set("logprobs", std::move(logprobs));
  return part;
}

Value ReasoningPart(std::string_view text) {
  Value part;
  part.Set("type", "reasoning_text");
  part.Set("text", text);
  return part;
}

}  // namespace

json::Value ResponseOutput::Place() const {
  Value event;
  event.Set("item_id", *item_.Find("id"));
  event.Set("output_index", static_cast<int64_t>(items_.as_array().size()));
  return event;
}

json::Value ResponseOutput::PartPlace() const {
  Value event = Place();
  event.Set("content_index", 0);
  return event;
}

void ResponseOutput::Open(Kind kind, json::Value item) {
  Close("completed");
  open_ = kind;
  item_ = std::move(item);
  text_.clear();
  logprobs_ = Value(json::Array());
  if (!tell_) return;
  Value event;
  event.Set("output_index", static_cast<int64_t>(items_.as_array().size()));
  event.Set("item", item_);
  tell_("response.output_item.added", std::move(event));
}

void ResponseOutput::OpenPart(json::Value part) {
  if (!tell_) return;
  Value event = PartPlace();
  event.Set("part", std::move(part));
  tell_("response.content_part.added", std::move(event));
}

void ResponseOutput::AddReasoning(std::string_view piece) {
  if (piece.empty()) return;
  if (open_ != Kind::kReasoning) {
    Value item;
    item.Set("id", NewItemId("rs_"));
    item.Set("type", "reasoning");
    item.Set("summary", Value(json::Array()));
    item.Set("content", Value(json::Array()));
    item.Set("status", "in_progress");
    Open(Kind::kReasoning, std::move(item));
    OpenPart(ReasoningPart(""));
  }
  text_ += piece;
  if (!tell_) return;
  Value event = PartPlace();
  event.Set("delta", piece);
  tell_("response.reasoning_text.delta", std::move(event));
}

void ResponseOutput::AddText(std::string_view piece, json::Value logprobs) {
  const bool has_logprobs = logprobs.is_array() && !logprobs.as_array().empty();
  if (piece.empty() && !has_logprobs) return;
  if (open_ != Kind::kMessage) {
    Value item;
    item.Set("id", NewItemId("msg_"));
    item.Set("type", "message");
    item.Set("status", "in_progress");
    item.Set("role", "assistant");
    item.Set("content", Value(json::Array()));
    Open(Kind::kMessage, std::move(item));
    OpenPart(TextPart("", Value(json::Array())));
  }
  text_ += piece;
  if (tell_) {
    Value event = PartPlace();
    event.Set("delta", piece);
    event.Set("logprobs", has_logprobs ? logprobs : Value(json::Array()));
    tell_("response.output_text.delta", std::move(event));
  }
  if (!has_logprobs) return;
  for (Value& entry : logprobs.as_array()) logprobs_.Append(std::move(entry));
}

void ResponseOutput::BeginCall(std::string_view call_id, std::string_view name) {
  Value item;
  item.Set("id", NewItemId("fc_"));
  item.Set("type", "function_call");
  item.Set("status", "in_progress");
  item.Set("call_id", call_id);
  item.Set("name", name);
  item.Set("arguments", "");
  Open(Kind::kCall, std::move(item));
}

void ResponseOutput::AddArguments(std::string_view piece) {
  if (piece.empty() || open_ != Kind::kCall) return;
  text_ += piece;
  if (!tell_) return;
  Value event = Place();
  event.Set("delta", piece);
  tell_("response.function_call_arguments.delta", std::move(event));
}

void ResponseOutput::Close(std::string_view status) {
  if (open_ == Kind::kNone) return;
  auto tell = [&](std::string_view type, Value event, std::string_view name, Value value) {
    if (!tell_) return;
    event.Set(name, std::move(value));
    tell_(type, std::move(event));
  };
  if (open_ == Kind::kMessage) {
    if (tell_) {
      Value done = PartPlace();
      done.Set("logprobs", logprobs_);
      tell("response.output_text.done", std::move(done), "text", text_);
    }
    Value part = TextPart(text_, std::move(logprobs_));
    tell("response.content_part.done", PartPlace(), "part", part);
    item_.Set("content", Value(json::Array{std::move(part)}));
    all_text_ += text_;
  } else if (open_ == Kind::kReasoning) {
    tell("response.reasoning_text.done", PartPlace(), "text", text_);
    Value part = ReasoningPart(text_);
    tell("response.content_part.done", PartPlace(), "part", part);
    item_.Set("content", Value(json::Array{std::move(part)}));
    all_reasoning_ += text_;
  } else {
    Value done = Place();
    done.Set("name", *item_.Find("name"));
    tell("response.function_call_arguments.done", std::move(done), "arguments", text_);
    item_.Set("arguments", text_);
    Value function;
    function.Set("name", *item_.Find("name"));
    function.Set("arguments", text_);
    Value call;
    call.Set("id", *item_.Find("call_id"));
    call.Set("type", "function");
    call.Set("function", std::move(function));
    calls_.Append(std::move(call));
  }
  item_.Set("status", status);
  if (tell_) {
    Value event;
    event.Set("output_index", static_cast<int64_t>(items_.as_array().size()));
    event.Set("item", item_);
    tell_("response.output_item.done", std::move(event));
  }
  items_.Append(std::move(item_));
  item_ = Value();
  open_ = Kind::kNone;
}

void ResponseOutput::Finish(bool cut) {
  if (open_ == Kind::kNone && items_.as_array().empty()) {
    // A message of one empty text: what clients read as the answer is always there.
    Value item;
    item.Set("id", NewItemId("msg_"));
    item.Set("type", "message");
    item.Set("status", "in_progress");
    item.Set("role", "assistant");
    item.Set("content", Value(json::Array()));
    Open(Kind::kMessage, std::move(item));
    OpenPart(TextPart("", Value(json::Array())));
  }
  Close(cut ? "incomplete" : "completed");
}

json::Value ResponseOutput::ChatMessage() const {
  Value message;
  message.Set("role", "assistant");
  const bool calls = !calls_.as_array().empty();
  message.Set("content", calls && all_text_.empty() ? Value() : Value(all_text_));
  if (!all_reasoning_.empty()) message.Set("reasoning_content", all_reasoning_);
  if (calls) message.Set("tool_calls", calls_);
  return message;
}

}  // namespace pano::api::openai
