#include "pano/chat/conversation.h"

#include <algorithm>

#include "base/strings.h"

namespace pano::chat {
namespace {

bool IsUser(const Message& message) { return message.role == Message::Role::kUser; }

json::Value MessageJson(std::string_view role, const std::string& content) {
  json::Value out;
  out.Set("role", role);
  out.Set("content", content);
  return out;
}

}  // namespace

size_t Conversation::turn_count() const {
  return static_cast<size_t>(std::count_if(messages_.begin(), messages_.end(), IsUser));
}

std::string Conversation::UndoTurn() {
  const auto last = std::find_if(messages_.rbegin(), messages_.rend(), IsUser);
  if (last == messages_.rend()) {
    messages_.clear();
    return {};
  }
  std::string text = std::move(last->content);
  messages_.erase(std::prev(last.base()), messages_.end());
  return text;
}

size_t Conversation::DropOldestTurns(size_t count) {
  const size_t turns = turn_count();
  count = turns == 0 ? 0 : std::min(count, turns - 1);
  if (count == 0) return 0;
  size_t users_left = count + 1;  // cut before this user's message
  const auto keep = std::find_if(messages_.begin(), messages_.end(), [&](const Message& message) {
    return IsUser(message) && --users_left == 0;
  });
  messages_.erase(messages_.begin(), keep);
  return count;
}

json::Value Conversation::ForModel() const {
  json::Value out{json::Array()};
  if (!system_.empty()) out.Append(MessageJson("system", system_));
  for (const Message& message : messages_) {
    out.Append(MessageJson(IsUser(message) ? "user" : "assistant", message.content));
  }
  return out;
}

PromptRoom PromptRoom::Of(int64_t context, std::optional<int64_t> answer_tokens) {
  // A quarter is what chats with short questions and long answers rarely exceed.
  const int64_t answer = std::min(answer_tokens.value_or(context / 4), context / 2);
  return {context - std::max<int64_t>(answer, 1), context - 1};
}

Result<size_t> TurnsToDrop(const Conversation& conversation, const TokenCounter& count_tokens,
                           PromptRoom room) {
  int64_t tokens = 0;
  const auto count_without = [&](size_t dropped) -> Status {
    Conversation rest = conversation;
    rest.DropOldestTurns(dropped);
    PANO_ASSIGN_OR_RETURN(tokens, count_tokens(rest));
    return {};
  };
  PANO_RETURN_IF_ERROR(count_without(0));
  if (tokens <= room.tokens) return size_t{0};
  const size_t turns = conversation.turn_count();
  size_t too_few = 0;
  size_t enough = turns == 0 ? 0 : turns - 1;
  PANO_RETURN_IF_ERROR(count_without(enough));
  if (tokens > room.tokens_max) {
    return Status(StatusCode::kExhausted, StrCat("the last message alone is ", tokens,
                                                 " tokens long, and the context has room for ",
                                                 room.tokens_max));
  }
  while (enough > too_few + 1) {
    const size_t middle = too_few + (enough - too_few) / 2;
    PANO_RETURN_IF_ERROR(count_without(middle));
    (tokens <= room.tokens ? enough : too_few) = middle;
  }
  return enough;
}

}  // namespace pano::chat
