#include "app/api/ollama/conversation.h"

#include <deque>
#include <string>
#include <utility>

#include "app/api/failure.h"
#include "base/strings.h"

namespace pano::api::ollama {
namespace {

using json::Value;

Status Wrong(std::string_view where, std::string_view what) {
  return BadField("messages", StrCat(where, what));
}

// A call that no message has answered yet.
struct OpenCall {
  std::string id;
  std::string name;
};

// Takes a conversation apart, message by message. Ollama's calls may have no ids: then they are numbered, and
// answers go to the first open call of their tool's name, or to the first of all. Confined to one call.
class Reader {
 public:
  Status Read(const Value& message, const std::string& where);
  Value Finish() && { return std::move(messages_); }

 private:
  Status ReadCalls(const json::Array& calls, const std::string& where, Value& out);
  Status ReadCall(const Value& call, const std::string& where, json::Array& out);
  void SetAnswered(const Value& message, Value& out);

  Value messages_{json::Array()};
  std::deque<OpenCall> open_;
  int64_t calls_ = 0;
};

const std::string* TextOf(const Value& object, std::string_view name) {
  const Value* value = object.Find(name);
  return value && value->is_string() ? &value->as_string() : nullptr;
}

Status Reader::ReadCall(const Value& call, const std::string& where, json::Array& out) {
  const Value* function = call.Find("function");
  const std::string* name = function ? TextOf(*function, "name") : nullptr;
  if (!name) return Wrong(where, ".function.name is missing or no string");
  const Value* arguments = function->Find("arguments");
  if (arguments && !arguments->is_null() && !arguments->is_object()) {
    return Wrong(where, ".function.arguments must be an object");
  }
  const std::string* id = TextOf(call, "id");
  open_.push_back({id && !id->empty() ? *id : StrCat("call_", ++calls_), *name});
  Value named;
  named.Set("name", *name);
  named.Set("arguments", arguments && arguments->is_object() ? json::Dump(*arguments) : "{}");
  Value entry;
  entry.Set("id", open_.back().id);
  entry.Set("type", "function");
  entry.Set("function", std::move(named));
  out.push_back(std::move(entry));
  return {};
}

Status Reader::ReadCalls(const json::Array& calls, const std::string& where, Value& out) {
  if (calls.empty()) return {};
  constexpr size_t kCallsMax = 1024;  // answers are looked for among them
  if (calls.size() > kCallsMax) return Wrong(where, StrCat(".tool_calls has more than ", kCallsMax, " entries"));
  json::Array entries;
  for (size_t i = 0; i < calls.size(); ++i) {
    PANO_RETURN_IF_ERROR(ReadCall(calls[i], StrCat(where, ".tool_calls[", i, "]"), entries));
  }
  out.Set("tool_calls", std::move(entries));
  return {};
}

void Reader::SetAnswered(const Value& message, Value& out) {
  const std::string* id = TextOf(message, "tool_call_id");
  const std::string* name = TextOf(message, "tool_name");
  if (!name) name = TextOf(message, "name");
  auto answered = open_.end();
  for (auto call = open_.begin(); call != open_.end() && answered == open_.end(); ++call) {
    if (id && !id->empty() ? call->id == *id : !name || call->name == *name) answered = call;
  }
  if (answered == open_.end() && !(id && !id->empty())) answered = open_.begin();
  if (answered != open_.end()) {
    out.Set("tool_call_id", answered->id);
    out.Set("name", name ? *name : answered->name);
    open_.erase(answered);
    return;
  }
  if (id) out.Set("tool_call_id", *id);
  if (name) out.Set("name", *name);
}

Status Reader::Read(const Value& message, const std::string& where) {
  if (!message.is_object()) return Wrong(where, " must be an object");
  const std::string* role = TextOf(message, "role");
  if (!role) return Wrong(where, ".role is missing or no string");
  if (*role != "system" && *role != "user" && *role != "assistant" && *role != "tool") {
    return Wrong(where, StrCat(".role '", Printable(*role), "' is not one of system, user, assistant, tool"));
  }
  const Value* content = message.Find("content");
  if (content && !content->is_null() && !content->is_string()) return Wrong(where, ".content must be a string");
  PANO_RETURN_IF_ERROR(RefuseImages(message, where + "."));
  Value out;
  out.Set("role", *role);
  out.Set("content", content && content->is_string() ? *content : Value(""));
  if (*role == "assistant") {
    open_.clear();
    if (const std::string* thinking = TextOf(message, "thinking"); thinking && !thinking->empty()) {
      out.Set("reasoning_content", *thinking);
    }
    const Value* calls = message.Find("tool_calls");
    if (calls && !calls->is_null()) {
      if (!calls->is_array()) return Wrong(where, ".tool_calls must be a list");
      PANO_RETURN_IF_ERROR(ReadCalls(calls->as_array(), where, out));
    }
  }
  if (*role == "tool") SetAnswered(message, out);
  messages_.Append(std::move(out));
  return {};
}

}  // namespace

Status RefuseImages(const Value& object, std::string_view where) {
  const Value* images = object.Find("images");
  if (!images || images->is_null() || (images->is_array() && images->as_array().empty())) return {};
  return BadField(where.empty() ? "images" : "messages", StrCat(where, "images are not supported here"));
}

Result<Value> ReadMessages(const json::Array& messages) {
  Reader reader;
  for (size_t i = 0; i < messages.size(); ++i) {
    PANO_RETURN_IF_ERROR(reader.Read(messages[i], StrCat("messages[", i, "]")));
  }
  return std::move(reader).Finish();
}

}  // namespace pano::api::ollama
