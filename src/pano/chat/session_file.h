#pragma once

#include <string>
#include <string_view>

#include "base/env.h"
#include "base/result.h"
#include "pano/chat/conversation.h"
#include "pano/chat/settings.h"

namespace pano::chat {

// A conversation as a file keeps it (docs/chat.md, "Saved conversations").
struct SavedChat {
  Conversation conversation;
  std::string model;  // for the reader; loading a file does not change the model
  Settings::Changes settings;
};

constexpr size_t kSavedBytesMax = 64 << 20;
constexpr size_t kSavedMessagesMax = 100'000;

std::string FormatSavedChat(const SavedChat& chat);
// What FormatSavedChat wrote, or messages as OpenAI's API takes them: an array, or {"messages": [...]},
// the system prompt first. Corruption with the place that is wrong.
Result<SavedChat> ParseSavedChat(std::string_view text);

// The file is for its owner only. AlreadyExists where another kind of file stands at `path`.
Status SaveChat(const std::string& path, const SavedChat& chat, Env& env = Env::Real());
Result<SavedChat> LoadChat(const std::string& path, Env& env = Env::Real());

}  // namespace pano::chat
