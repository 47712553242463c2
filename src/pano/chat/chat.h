#pragma once

#include <stop_token>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/env.h"
#include "pano/chat/backend.h"
#include "pano/chat/command.h"
#include "pano/chat/console.h"
#include "pano/chat/conversation.h"
#include "pano/chat/session_file.h"
#include "pano/chat/settings.h"

namespace pano::chat {

// A conversation with a model: messages and commands in, answers and notes out. Knows no terminal and
// no model. A message that is not answered is taken back, and /retry sends it again. Confined to one
// thread.
class Chat {
 public:
  struct Parts {
    Backend& backend;
    Console& console;
    Env& env = Env::Real();
    Clock& clock = Clock::Real();
  };
  // The parts outlive the chat.
  Chat(Parts parts, SettingValues settings) : parts_(parts), settings_(std::move(settings)) {}

  // Goes on with a conversation that was saved. InvalidArgument for settings that do not fit.
  Status Resume(SavedChat saved);
  void SetSystem(std::string text) { conversation_.set_system(std::move(text)); }

  // A line as a person types it: a command, or a message with files (@path). False when it was the last.
  bool Take(std::string_view line, const std::stop_token& stop);
  // A message, whatever its text looks like. Why it was not answered, if it was not; that has been said.
  Status Say(std::string text, const std::stop_token& stop);

  const Conversation& conversation() const { return conversation_; }
  const Settings& settings() const { return settings_; }

 private:
  void Do(const Command& command, const std::stop_token& stop);
  void System(const std::string& text);
  void Model(const std::string& name, const std::stop_token& stop);
  void Set(const std::string& argument);
  void Save(const std::string& path);
  void Load(const std::string& path);
  void Retry(const std::stop_token& stop);
  void Undo();
  void Tokens();
  void Help();

  // The answer to the conversation, whose last message is the user's.
  Status Answer(const std::stop_token& stop);
  Result<AnswerEnd> AskOnce(class AnswerView& view, const std::stop_token& stop);
  // Drops the oldest turns or says that there is no room.
  Status MakeRoom();
  void DropTurns(size_t count);
  void SayEnd(const AnswerEnd& end);
  void Note(std::string_view text);

  const Parts parts_;
  Settings settings_;
  Conversation conversation_;
  std::string unanswered_;     // the message that was taken back last; "": none
  AnswerEnd last_end_;
  bool warned_nearly_full_ = false;
};

}  // namespace pano::chat
