#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace pano::chat {

struct Message {
  enum class Role { kUser, kAssistant };
  Role role = Role::kUser;
  std::string content;
  std::string thinking;  // of an answer: what the model thought before it; never sent again

  bool operator==(const Message&) const = default;
};

// What was said so far. A turn is a message of the user with the answer to it, if there is one.
// Thread-compatible.
class Conversation {
 public:
  const std::string& system() const { return system_; }  // "": none
  void set_system(std::string text) { system_ = std::move(text); }
  const std::vector<Message>& messages() const { return messages_; }
  bool empty() const { return messages_.empty(); }

  void Add(Message message) { messages_.push_back(std::move(message)); }
  void AddUser(std::string text) { Add({Message::Role::kUser, std::move(text), {}}); }
  void AddAnswer(std::string text, std::string thinking = {}) {
    Add({Message::Role::kAssistant, std::move(text), std::move(thinking)});
  }
  // Forgets what was said; the system prompt stays.
  void Clear() { messages_.clear(); }

  size_t turn_count() const;
  // Takes back the last turn and answers its user's text; "" when there is none.
  std::string UndoTurn();
  // Drops the `count` oldest turns, but never the last one. Returns how many went.
  size_t DropOldestTurns(size_t count);

  // [{"role","content"}...] as templates and OpenAI's API take it, the system prompt first.
  json::Value ForModel() const;

  bool operator==(const Conversation&) const = default;

 private:
  std::string system_;
  std::vector<Message> messages_;
};

// What a conversation may take of a context, so that an answer has room behind it.
struct PromptRoom {
  int64_t tokens = 0;      // where an answer has the room that it should have
  int64_t tokens_max = 0;  // where it has room for one token

  // `answer_tokens`: what an answer may take at most, if that is known.
  static PromptRoom Of(int64_t context, std::optional<int64_t> answer_tokens);
};

// How many of the oldest turns have to go so that `count_tokens` of the rest is at most room.tokens:
// fewer turns have fewer tokens, so that few counts suffice (bisection). The last turn alone may take
// room.tokens_max; Exhausted when it is longer.
using TokenCounter = std::function<Result<int64_t>(const Conversation&)>;
Result<size_t> TurnsToDrop(const Conversation& conversation, const TokenCounter& count_tokens,
                           PromptRoom room);

}  // namespace pano::chat
