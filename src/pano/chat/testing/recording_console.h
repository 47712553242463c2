#pragma once

#include <string>
#include <utility>
#include <vector>

#include "pano/chat/console.h"

namespace pano::chat {

// Keeps what a chat says. Confined to one thread.
class RecordingConsole final : public Console {
 public:
  void Answer(std::string_view text) override { answers += text; }
  void Thinking(std::string_view text) override { thinking += text; }
  void Note(std::string_view text) override { notes.append(text).push_back('\n'); }
  void Progress(std::string_view line) override { progress.emplace_back(line); }
  Status status() const override { return failure; }

  // What was said since the last call, without what was said before.
  std::string TakeNotes() { return std::exchange(notes, {}); }
  std::string TakeAnswers() { return std::exchange(answers, {}); }

  std::string answers, thinking, notes;
  std::vector<std::string> progress;
  Status failure;
};

}  // namespace pano::chat
