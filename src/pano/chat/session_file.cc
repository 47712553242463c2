#include "pano/chat/session_file.h"

#include "base/path_exists.h"
#include "base/strings.h"
#include "pano/terminal/history.h"

namespace pano::chat {
namespace {

constexpr std::string_view kFormatKey = "pano_chat";
constexpr int64_t kVersion = 1;

Status Wrong(std::string_view where, std::string_view why) {
  return Corruption(StrCat(where, ": ", why));
}

Result<std::string> StringMember(const json::Value& object, std::string_view key,
                                 std::string_view where) {
  const json::Value* value = object.Find(key);
  if (value == nullptr || value->is_null()) return std::string();
  if (!value->is_string()) return Wrong(StrCat(where, key), StrCat("is no string but ", value->kind()));
  return value->as_string();
}

// A text, or OpenAI's parts of text.
Result<std::string> Content(const json::Value& message, const std::string& where) {
  const json::Value* content = message.Find("content");
  if (content == nullptr || !content->is_array()) return StringMember(message, "content", where);
  std::string out;
  for (const json::Value& part : content->as_array()) {
    const json::Value* type = part.Find("type");
    if (type == nullptr || *type != json::Value("text")) {
      return Wrong(where + "content", "has a part that is no text");
    }
    PANO_ASSIGN_OR_RETURN(const std::string text, StringMember(part, "text", where));
    out += text;
  }
  return out;
}

Status AddMessage(const json::Value& message, size_t index, Conversation& conversation) {
  const std::string where = StrCat("messages[", index, "].");
  if (!message.is_object()) return Wrong(StrCat("messages[", index, "]"), "is no object");
  PANO_ASSIGN_OR_RETURN(const std::string role, StringMember(message, "role", where));
  PANO_ASSIGN_OR_RETURN(std::string content, Content(message, where));
  if (role == "user") {
    conversation.AddUser(std::move(content));
    return {};
  }
  if (role == "assistant") {
    PANO_ASSIGN_OR_RETURN(std::string thinking, StringMember(message, "thinking", where));
    conversation.AddAnswer(std::move(content), std::move(thinking));
    return {};
  }
  if ((role == "system" || role == "developer") && index == 0) {
    conversation.set_system(std::move(content));
    return {};
  }
  return Wrong(where + "role",
               StrCat("is '", Printable(role), "'; a chat knows user and assistant, and system first"));
}

Status ReadSettings(const json::Value& settings, Settings::Changes& changes) {
  if (!settings.is_object()) return Wrong("settings", "is no object");
  for (const auto& [name, value] : settings.as_object()) {
    if (value.is_string()) {
      changes.emplace_back(name, value.as_string());
    } else if (value.is_array()) {
      for (const json::Value& one : value.as_array()) {
        if (!one.is_string()) return Wrong("settings." + name, "has an element that is no string");
        changes.emplace_back(name, one.as_string());
      }
    } else {
      return Wrong("settings." + name, "is no string");
    }
  }
  return Settings(SettingValues()).Restore(changes).Wrap("settings");
}

}  // namespace

std::string FormatSavedChat(const SavedChat& chat) {
  json::Value out;
  out.Set(kFormatKey, kVersion);
  if (!chat.model.empty()) out.Set("model", chat.model);
  if (!chat.conversation.system().empty()) out.Set("system", chat.conversation.system());
  if (!chat.settings.empty()) {
    json::Value& settings = out.Set("settings", json::Object());
    for (const auto& [name, value] : chat.settings) {
      if (name != "stop") {
        settings.Set(name, value);
        continue;
      }
      if (settings.Find(name) == nullptr) settings.Set(name, json::Array());
      for (auto& [key, list] : settings.as_object()) {
        if (key == name) list.Append(value);
      }
    }
  }
  json::Value& messages = out.Set("messages", json::Array());
  for (const Message& message : chat.conversation.messages()) {
    json::Value one;
    one.Set("role", message.role == Message::Role::kUser ? "user" : "assistant");
    one.Set("content", message.content);
    if (!message.thinking.empty()) one.Set("thinking", message.thinking);
    messages.Append(std::move(one));
  }
  return json::Dump(out, {.indent = 2}) + "\n";
}

Result<SavedChat> ParseSavedChat(std::string_view text) {
  PANO_ASSIGN_OR_RETURN(const json::Value root,
                        json::Parse(text, {.depth_max = 16, .bytes_max = kSavedBytesMax}));
  SavedChat chat;
  const json::Value* messages = &root;
  if (!root.is_array()) {
    if (!root.is_object()) return Corruption("is no conversation but " + std::string(root.kind()));
    if (const json::Value* version = root.Find(kFormatKey);
        version != nullptr && *version != json::Value(kVersion)) {
      return Unimplemented("was saved by a newer version of pano");
    }
    PANO_ASSIGN_OR_RETURN(chat.model, StringMember(root, "model", ""));
    PANO_ASSIGN_OR_RETURN(std::string system, StringMember(root, "system", ""));
    chat.conversation.set_system(std::move(system));
    if (const json::Value* settings = root.Find("settings")) {
      PANO_RETURN_IF_ERROR(ReadSettings(*settings, chat.settings));
    }
    messages = root.Find("messages");
    if (messages == nullptr || !messages->is_array()) {
      return Corruption("is no conversation: it has no array 'messages'");
    }
  }
  if (messages->as_array().size() > kSavedMessagesMax) {
    return Status(StatusCode::kExhausted, StrCat("has more than ", kSavedMessagesMax, " messages"));
  }
  for (size_t i = 0; i < messages->as_array().size(); ++i) {
    PANO_RETURN_IF_ERROR(AddMessage(messages->as_array()[i], i, chat.conversation));
  }
  return chat;
}

Status SaveChat(const std::string& path, const SavedChat& chat, Env& env) {
  PANO_ASSIGN_OR_RETURN(const bool there, Exists(path, env));
  if (there) {
    // Only what was a conversation is replaced: a slip must not cost another file.
    PANO_ASSIGN_OR_RETURN(const FileInfo info, env.Stat(path).Wrap(Printable(path, 400)));
    const bool is_file = info.kind == FileInfo::Kind::kFile;
    if (!is_file || (info.bytes > 0 && !LoadChat(path, env).ok())) {
      return Status(StatusCode::kAlreadyExists,
                    StrCat(Printable(path, 400),
                           ": exists and is no saved conversation; choose another name"));
    }
  }
  const terminal::PrivateFiles guard;
  return WriteFile(path, FormatSavedChat(chat), env);
}

Result<SavedChat> LoadChat(const std::string& path, Env& env) {
  PANO_ASSIGN_OR_RETURN(const FileInfo info, env.Stat(path).Wrap(Printable(path, 400)));
  if (info.kind != FileInfo::Kind::kFile) {
    return InvalidArgument(StrCat(Printable(path, 400), ": is no file"));
  }
  PANO_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kSavedBytesMax, env));
  Result<SavedChat> chat = ParseSavedChat(text);
  if (!chat.ok()) return chat.error().Wrap(Printable(path, 400));
  return chat;
}

}  // namespace pano::chat
