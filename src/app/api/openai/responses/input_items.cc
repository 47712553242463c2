#include "app/api/openai/responses/input_items.h"

#include <algorithm>
#include <array>
#include <utility>

#include "app/api/failure.h"
#include "app/api/fields.h"
#include "base/random.h"
#include "base/strings.h"

namespace pano::api::openai {
namespace {

using json::Value;

Status Wrong(std::string_view where, std::string_view what) {
  return BadField("input", StrCat(where, " ", what));
}

const std::string* TextMember(const Value& object, std::string_view name) {
  const Value* member = object.Find(name);
  return member && member->is_string() ? &member->as_string() : nullptr;
}

// A part of a message's content, as text.
Result<std::string> PartText(const Value& part, std::string_view where) {
  const std::string* type = TextMember(part, "type");
  if (!type) return Wrong(where, "must be an object with a 'type'");
  if (*type == "refusal") {
    if (const std::string* text = TextMember(part, "refusal")) return *text;
    return Wrong(where, "has no text 'refusal'");
  }
  constexpr std::array<std::string_view, 5> kTexts = {"input_text", "output_text", "text", "reasoning_text",
                                                      "summary_text"};
  if (std::find(kTexts.begin(), kTexts.end(), *type) == kTexts.end()) {
    return Wrong(where, StrCat("is of the type '", Printable(*type), "': only text is read here"));
  }
  if (const std::string* text = TextMember(part, "text")) return *text;
  return Wrong(where, "has no text 'text'");
}

// A content as one text: a text, or a list of parts.
Result<std::string> ContentText(const Value* content, std::string_view where) {
  if (!content || content->is_null()) return std::string();
  if (content->is_string()) return content->as_string();
  if (!content->is_array()) return Wrong(where, "must be a text or a list of parts");
  std::string text;
  for (size_t i = 0; i < content->as_array().size(); ++i) {
    PANO_ASSIGN_OR_RETURN(std::string part, PartText(content->as_array()[i], StrCat(where, "[", i, "]")));
    text += part;
  }
  return text;
}

// Takes items one by one.
class Reader {
 public:
  explicit Reader(const FindItem& find_item) : find_item_(find_item) {}
  Status Add(const Value& item, std::string_view where);
  Result<ResponseInput> Finish() && {
    FlushReasoning();
    return std::move(input_);
  }

 private:
  Status AddMessage(const Value& item, std::string_view where);
  Status AddCall(const Value& item, std::string_view where);
  Status AddOutput(const Value& item, std::string_view where);
  Status AddReasoning(const Value& item, std::string_view where);
  Status AddReferenced(const Value& item, std::string_view where);
  // The item as it is listed, with an id.
  void List(Value item, std::string_view type, std::string_view prefix);
  void Append(Value message) {
    if (!reasoning_.empty()) message.Set("reasoning_content", std::exchange(reasoning_, {}));
    input_.messages.Append(std::move(message));
  }
  // Reasoning behind which nothing of the assistant's comes was about nothing that was said.
  void FlushReasoning() { reasoning_.clear(); }

  const FindItem& find_item_;
  ResponseInput input_;
  std::string reasoning_;
  bool in_calls_ = false;  // the last message holds calls, and more may follow
};

void Reader::List(Value item, std::string_view type, std::string_view prefix) {
  const std::string* id = TextMember(item, "id");
  if (!id || id->empty()) item.Set("id", NewItemId(prefix));
  item.Set("type", type);
  input_.items.Append(std::move(item));
}

Status Reader::AddMessage(const Value& item, std::string_view where) {
  const std::string* role = TextMember(item, "role");
  constexpr std::array<std::string_view, 4> kRoles = {"user", "assistant", "system", "developer"};
  if (!role || std::find(kRoles.begin(), kRoles.end(), *role) == kRoles.end()) {
    return Wrong(StrCat(where, ".role"), "must be user, assistant, system or developer");
  }
  const Value* content = item.Find("content");
  if (!content || content->is_null()) return Wrong(StrCat(where, ".content"), "is missing");
  PANO_ASSIGN_OR_RETURN(std::string text, ContentText(content, StrCat(where, ".content")));
  Value listed = item;
  if (content->is_string()) {
    Value part;
    part.Set("type", *role == "assistant" ? "output_text" : "input_text");
    part.Set("text", text);
    listed.Set("content", Value(json::Array{std::move(part)}));
  }
  if (!listed.Find("status")) listed.Set("status", "completed");
  List(std::move(listed), "message", "msg_");
  Value message;
  message.Set("role", *role);
  message.Set("content", std::move(text));
  if (*role != "assistant") FlushReasoning();
  Append(std::move(message));
  return {};
}

Status Reader::AddCall(const Value& item, std::string_view where) {
  const std::string* id = TextMember(item, "call_id");
  const std::string* name = TextMember(item, "name");
  const std::string* arguments = TextMember(item, "arguments");
  if (!id || !name || !arguments) return Wrong(where, "needs the texts 'call_id', 'name' and 'arguments'");
  Value function;
  function.Set("name", *name);
  function.Set("arguments", *arguments);
  Value call;
  call.Set("id", *id);
  call.Set("type", "function");
  call.Set("function", std::move(function));
  if (in_calls_) {
    json::Object& message = input_.messages.as_array().back().as_object();
    auto calls = std::find_if(message.begin(), message.end(), [](const auto& m) { return m.first == "tool_calls"; });
    calls->second.Append(std::move(call));
  } else {
    Value message;
    message.Set("role", "assistant");
    message.Set("content", nullptr);
    message.Set("tool_calls", Value(json::Array{std::move(call)}));
    Append(std::move(message));
  }
  List(item, "function_call", "fc_");
  in_calls_ = true;
  return {};
}

Status Reader::AddOutput(const Value& item, std::string_view where) {
  const std::string* id = TextMember(item, "call_id");
  if (!id) return Wrong(where, "needs a text 'call_id'");
  const Value* output = item.Find("output");
  if (!output || output->is_null()) return Wrong(StrCat(where, ".output"), "is missing");
  PANO_ASSIGN_OR_RETURN(std::string text, ContentText(output, StrCat(where, ".output")));
  List(item, "function_call_output", "fco_");
  Value message;
  message.Set("role", "tool");
  message.Set("tool_call_id", *id);
  message.Set("content", std::move(text));
  FlushReasoning();
  Append(std::move(message));
  return {};
}

Status Reader::AddReasoning(const Value& item, std::string_view where) {
  const Value* content = item.Find("content");
  const bool has_content = content && content->is_array() && !content->as_array().empty();
  PANO_ASSIGN_OR_RETURN(std::string text, ContentText(has_content ? content : item.Find("summary"),
                                                      StrCat(where, has_content ? ".content" : ".summary")));
  reasoning_ += text;
  List(item, "reasoning", "rs_");
  return {};
}

Status Reader::AddReferenced(const Value& item, std::string_view where) {
  const std::string* id = TextMember(item, "id");
  if (!id) return Wrong(where, "needs the 'id' of an item");
  Result<Value> found = find_item_(*id);
  if (!found.ok()) {
    return Status(found.error().code(), StrCat(where, ": ", found.error().message()))
        .WithField("input")
        .WithReason(found.error().reason());
  }
  return Add(*found, where);
}

Status Reader::Add(const Value& item, std::string_view where) {
  if (!item.is_object()) return Wrong(where, "must be an object");
  const std::string* given = TextMember(item, "type");
  // AI SDK writes no type where there is nothing but an id.
  const bool refers = !given && item.Find("id") && !item.Find("role");
  const std::string type = given ? *given : refers ? "item_reference" : "message";
  if (type == "item_reference") return AddReferenced(item, where);
  if (type != "function_call") in_calls_ = false;
  if (type == "message") return AddMessage(item, where);
  if (type == "function_call") return AddCall(item, where);
  if (type == "function_call_output") return AddOutput(item, where);
  if (type == "reasoning") return AddReasoning(item, where);
  return Wrong(where, StrCat("is of the type '", Printable(type),
                             "': message, function_call, function_call_output and reasoning are read here"));
}

}  // namespace

std::string NewItemId(std::string_view prefix) { return StrCat(prefix, RandomHex(16)); }

Result<ResponseInput> ReadResponseInput(const json::Value& input, const FindItem& find_item) {
  Reader reader(find_item);
  if (input.is_string()) {
    Value message;
    message.Set("role", "user");
    message.Set("content", input);
    PANO_RETURN_IF_ERROR(reader.Add(message, "input"));
    return std::move(reader).Finish();
  }
  if (!input.is_array()) return BadField("input", StrCat("'input' must be a text or a list of items, not ", input.kind()));
  if (input.as_array().empty()) return BadField("input", "'input' is an empty list");
  if (static_cast<int64_t>(input.as_array().size()) > kMessagesMax) {
    return BadField("input", StrCat("'input' has ", input.as_array().size(), " items, at most ", kMessagesMax,
                                    " are allowed"));
  }
  for (size_t i = 0; i < input.as_array().size(); ++i) {
    PANO_RETURN_IF_ERROR(reader.Add(input.as_array()[i], StrCat("input[", i, "]")));
  }
  return std::move(reader).Finish();
}

}  // namespace pano::api::openai
