#include "app/api/anthropic/conversation.h"

#include <map>
#include <string_view>
#include <utility>

#include "app/api/failure.h"
#include "base/strings.h"

namespace pano::api::anthropic {
namespace {

using json::Value;

// The text of a member that is one; null where it is absent or something else.
const std::string* TextOf(const Value& object, std::string_view name) {
  const Value* value = object.Find(name);
  return value && value->is_string() ? &value->as_string() : nullptr;
}

Status Wrong(std::string_view field, std::string_view where, std::string_view what) {
  return BadField(field, StrCat(where, what));
}

Value TextPart(const std::string& text) {
  Value part;
  part.Set("type", "text");
  part.Set("text", text);
  return part;
}

// Text of a model's own that has sources: they would be lost.
bool HasCitations(const Value& block) {
  const Value* citations = block.Find("citations");
  if (!citations || citations->is_null()) return false;
  if (citations->is_array()) return !citations->as_array().empty();
  const Value* enabled = citations->Find("enabled");
  return enabled && enabled->is_bool() && enabled->as_bool();
}

// What one of the assistant's messages consists of.
struct AssistantTurn {
  std::string text;
  std::string thinking;
  json::Array calls;  // OpenAI's tool_calls
};

// Takes a conversation apart, message by message. Confined to one call.
class Reader {
 public:
  Status ReadSystem(const Value& system);
  Status ReadMessages(const json::Array& messages);
  Status ReadTools(const json::Array& tools);
  Conversation Finish() && { return std::move(conversation_); }

 private:
  // One block of a message; `where` is its place in the request.
  Status ReadUserBlock(const Value& block, std::string_view where);
  Status ReadAssistantBlock(const Value& block, std::string_view where, AssistantTurn& turn);
  Status ReadToolUse(const Value& block, std::string_view where, AssistantTurn& turn);
  Status ReadToolResult(const Value& block, std::string_view where);
  Status ReadResultText(const Value& content, std::string_view where, Value& parts);
  Status ReadAssistant(const Value& content, std::string_view where, bool last);

  // The parts of the user's that were read since the last message.
  void FlushUser();

  Conversation conversation_;
  Value user_parts_{json::Array()};
  std::map<std::string, std::string> called_;  // tool_use ids to the tools' names
};

Status ReadTextBlock(const Value& block, std::string_view field, std::string_view where, Value& parts) {
  const std::string* text = TextOf(block, "text");
  if (!text) return Wrong(field, where, ".text is missing or no string");
  if (HasCitations(block)) return Wrong(field, where, ".citations are not supported");
  parts.Append(TextPart(*text));
  return {};
}

Result<std::string> TypeOf(const Value& block, std::string_view where) {
  const std::string* type = TextOf(block, "type");
  if (type) return *type;
  return Wrong("messages", where, block.is_object() ? ".type is missing or no string" : " must be an object");
}

Status NotSupported(std::string_view type, std::string_view where) {
  return Wrong("messages", where,
               StrCat(": content of the type '", Printable(type), "' is not supported"));
}

void Reader::FlushUser() {
  if (user_parts_.as_array().empty()) return;
  Value message;
  message.Set("role", "user");
  // One part is a text: not every template takes lists.
  json::Array& parts = user_parts_.as_array();
  message.Set("content", parts.size() == 1 ? *parts[0].Find("text") : user_parts_);
  conversation_.messages.Append(std::move(message));
  user_parts_ = Value(json::Array());
}

Status Reader::ReadSystem(const Value& system) {
  if (system.is_null()) return {};
  Value message;
  message.Set("role", "system");
  if (system.is_string()) {
    message.Set("content", system);
  } else {
    if (!system.is_array()) {
      return BadField("system", "'system' must be a string or a list of text blocks");
    }
    Value parts{json::Array()};
    for (size_t i = 0; i < system.as_array().size(); ++i) {
      const Value& block = system.as_array()[i];
      const std::string where = StrCat("system[", i, "]");
      const std::string* type = TextOf(block, "type");
      if (!type || *type != "text") return Wrong("system", where, " must be a text block");
      PANO_RETURN_IF_ERROR(ReadTextBlock(block, "system", where, parts));
    }
    if (parts.as_array().empty()) return {};
    message.Set("content", parts.as_array().size() == 1 ? *parts.as_array()[0].Find("text") : parts);
  }
  conversation_.messages.Append(std::move(message));
  return {};
}

// The text of a tool's answer: a string, or text blocks.
Status Reader::ReadResultText(const Value& content, std::string_view where, Value& parts) {
  if (content.is_string()) {
    parts.Append(TextPart(content.as_string()));
    return {};
  }
  if (!content.is_array()) {
    return Wrong("messages", where, ".content must be a string or a list of text blocks");
  }
  for (size_t i = 0; i < content.as_array().size(); ++i) {
    const Value& block = content.as_array()[i];
    const std::string at = StrCat(where, ".content[", i, "]");
    PANO_ASSIGN_OR_RETURN(const std::string type, TypeOf(block, at));
    if (type != "text") return NotSupported(type, at);
    PANO_RETURN_IF_ERROR(ReadTextBlock(block, "messages", at, parts));
  }
  return {};
}

Status Reader::ReadToolResult(const Value& block, std::string_view where) {
  const std::string* id = TextOf(block, "tool_use_id");
  if (!id) return Wrong("messages", where, ".tool_use_id is missing or no string");
  const auto called = called_.find(*id);
  if (called == called_.end()) {
    return Wrong("messages", where, StrCat(".tool_use_id '", Printable(*id),
                                           "' is of no tool_use block before it"));
  }
  Value parts{json::Array()};
  // The form of OpenAI's has no word for a failure.
  const Value* failed = block.Find("is_error");
  if (failed && failed->is_bool() && failed->as_bool()) parts.Append(TextPart("Error: "));
  const Value* content = block.Find("content");
  if (content && !content->is_null()) PANO_RETURN_IF_ERROR(ReadResultText(*content, where, parts));
  std::string text;
  for (const Value& part : parts.as_array()) text += part.Find("text")->as_string();
  Value message;
  message.Set("role", "tool");
  message.Set("tool_call_id", *id);
  message.Set("name", called->second);
  message.Set("content", std::move(text));
  FlushUser();
  conversation_.messages.Append(std::move(message));
  return {};
}

Status Reader::ReadUserBlock(const Value& block, std::string_view where) {
  PANO_ASSIGN_OR_RETURN(const std::string type, TypeOf(block, where));
  if (type == "text") return ReadTextBlock(block, "messages", where, user_parts_);
  if (type == "tool_result") return ReadToolResult(block, where);
  if (type == "tool_use") return Wrong("messages", where, ": a tool_use block is the assistant's");
  return NotSupported(type, where);
}

Status Reader::ReadToolUse(const Value& block, std::string_view where, AssistantTurn& turn) {
  const std::string* id = TextOf(block, "id");
  const std::string* name = TextOf(block, "name");
  const Value* input = block.Find("input");
  if (!id) return Wrong("messages", where, ".id is missing or no string");
  if (!name) return Wrong("messages", where, ".name is missing or no string");
  if (!input || !input->is_object()) return Wrong("messages", where, ".input is missing or no object");
  if (!called_.emplace(*id, *name).second) {
    return Wrong("messages", where, StrCat(".id '", Printable(*id), "' stands twice"));
  }
  Value function;
  function.Set("name", *name);
  function.Set("arguments", json::Dump(*input));
  Value call;
  call.Set("id", *id);
  call.Set("type", "function");
  call.Set("function", std::move(function));
  turn.calls.push_back(std::move(call));
  return {};
}

Status Reader::ReadAssistantBlock(const Value& block, std::string_view where, AssistantTurn& turn) {
  PANO_ASSIGN_OR_RETURN(const std::string type, TypeOf(block, where));
  if (type == "tool_use") return ReadToolUse(block, where, turn);
  if (type == "redacted_thinking") return {};  // nobody but who wrote it can read it
  if (type == "thinking") {
    const std::string* text = TextOf(block, "thinking");
    if (!text) return Wrong("messages", where, ".thinking is missing or no string");
    turn.thinking += *text;
    return {};
  }
  if (type != "text") return NotSupported(type, where);
  const std::string* text = TextOf(block, "text");
  if (!text) return Wrong("messages", where, ".text is missing or no string");
  if (HasCitations(block)) return Wrong("messages", where, ".citations are not supported");
  turn.text += *text;
  return {};
}

Status Reader::ReadAssistant(const Value& content, std::string_view where, bool last) {
  FlushUser();
  AssistantTurn turn;
  if (content.is_string()) {
    turn.text = content.as_string();
  } else {
    for (size_t i = 0; i < content.as_array().size(); ++i) {
      PANO_RETURN_IF_ERROR(
          ReadAssistantBlock(content.as_array()[i], StrCat(where, ".content[", i, "]"), turn));
    }
  }
  if (last) {
    if (!turn.calls.empty()) {
      return Wrong("messages", where, ": the last message calls tools and nobody says what they gave");
    }
    conversation_.prefill = std::move(turn.text);
    return {};
  }
  Value message;
  message.Set("role", "assistant");
  message.Set("content", turn.text.empty() && !turn.calls.empty() ? Value() : Value(std::move(turn.text)));
  if (!turn.thinking.empty()) message.Set("reasoning_content", std::move(turn.thinking));
  if (!turn.calls.empty()) message.Set("tool_calls", std::move(turn.calls));
  conversation_.messages.Append(std::move(message));
  return {};
}

Status Reader::ReadMessages(const json::Array& messages) {
  if (messages.empty()) return BadField("messages", "'messages' is empty");
  for (size_t i = 0; i < messages.size(); ++i) {
    const Value& message = messages[i];
    const std::string where = StrCat("messages[", i, "]");
    if (!message.is_object()) return Wrong("messages", where, " must be an object");
    const std::string* role = TextOf(message, "role");
    if (!role) return Wrong("messages", where, ".role is missing or no string");
    if (*role != "user" && *role != "assistant") {
      return Wrong("messages", where, StrCat(".role '", Printable(*role), "' is neither user nor assistant",
                                             *role == "system" ? "; 'system' is a field of its own" : ""));
    }
    const Value* content = message.Find("content");
    if (!content || !(content->is_string() || content->is_array())) {
      return Wrong("messages", where, ".content must be a string or a list of blocks");
    }
    if (*role == "assistant") {
      if (i == 0) return Wrong("messages", where, ".role: the first message has to be the user's");
      PANO_RETURN_IF_ERROR(ReadAssistant(*content, where, i + 1 == messages.size()));
      continue;
    }
    // Turns of one side that follow each other count as one.
    if (!user_parts_.as_array().empty()) user_parts_.Append(TextPart("\n"));
    if (content->is_string()) {
      user_parts_.Append(TextPart(content->as_string()));
    } else {
      for (size_t b = 0; b < content->as_array().size(); ++b) {
        PANO_RETURN_IF_ERROR(
            ReadUserBlock(content->as_array()[b], StrCat(where, ".content[", b, "]")));
      }
    }
  }
  FlushUser();
  if (conversation_.messages.as_array().empty() ||
      conversation_.messages.as_array().back().Find("role")->as_string() == "system") {
    return BadField("messages", "messages: nothing is said in them");
  }
  return {};
}

Status Reader::ReadTools(const json::Array& tools) {
  for (size_t i = 0; i < tools.size(); ++i) {
    const Value& tool = tools[i];
    const std::string where = StrCat("tools[", i, "]");
    if (!tool.is_object()) return Wrong("tools", where, " must be an object");
    const std::string* type = TextOf(tool, "type");
    if (type && *type != "custom") {
      return Wrong("tools", where, StrCat(".type '", Printable(*type),
                                          "' is not supported: only tools of your own are"));
    }
    const std::string* name = TextOf(tool, "name");
    const Value* schema = tool.Find("input_schema");
    if (!name || name->empty()) return Wrong("tools", where, ".name is missing or no string");
    if (!schema || !schema->is_object()) {
      return Wrong("tools", where, ".input_schema is missing or no object");
    }
    Value function;
    function.Set("name", *name);
    if (const std::string* help = TextOf(tool, "description")) function.Set("description", *help);
    function.Set("parameters", *schema);
    Value entry;
    entry.Set("type", "function");
    entry.Set("function", std::move(function));
    conversation_.tools.Append(std::move(entry));
  }
  return {};
}

}  // namespace

Result<Conversation> ReadConversation(const Value& body) {
  Reader reader;
  if (const Value* system = body.Find("system")) PANO_RETURN_IF_ERROR(reader.ReadSystem(*system));
  const Value* messages = body.Find("messages");
  if (!messages || !messages->is_array()) return BadField("messages", "'messages' is missing or no list");
  PANO_RETURN_IF_ERROR(reader.ReadMessages(messages->as_array()));
  const Value* tools = body.Find("tools");
  if (tools && tools->is_array()) PANO_RETURN_IF_ERROR(reader.ReadTools(tools->as_array()));
  return std::move(reader).Finish();
}

}  // namespace pano::api::anthropic
