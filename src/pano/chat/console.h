#pragma once

#include <cstdio>
#include <string>
#include <string_view>

#include "base/status.h"
#include "pano/terminal/tty.h"

namespace pano::chat {

// Where a chat speaks. What it is given is safe to show (terminal/safe_text.h). Confined to one thread.
class Console {
 public:
  virtual ~Console() = default;
  // What the model says, as it comes.
  virtual void Answer(std::string_view text) = 0;
  // What it thinks, where that is shown.
  virtual void Thinking(std::string_view text) = 0;
  // A word of the chat itself: whole lines, without the last line feed.
  virtual void Note(std::string_view text) = 0;
  // A line that the next one replaces; "" takes it away. Nothing where lines cannot be replaced.
  virtual void Progress(std::string_view line) = 0;
  // Why writing failed, if it did.
  virtual Status status() const = 0;
};

// On a terminal; `colours`: notes and thinking are dimmed. Confined to one thread.
class TerminalConsole final : public Console {
 public:
  TerminalConsole(terminal::Tty& tty, bool colours) : tty_(tty), colours_(colours) {}
  void Answer(std::string_view text) override { Write(text); }
  void Thinking(std::string_view text) override { Write(Dim(text)); }
  void Note(std::string_view text) override { Write(Dim(text) + "\n"); }
  void Progress(std::string_view line) override;
  Status status() const override { return status_; }

 private:
  std::string Dim(std::string_view text) const;
  void Write(std::string_view text);

  terminal::Tty& tty_;
  const bool colours_;
  bool progress_shown_ = false;
  Status status_;
};

// Answers to one file, all else to another, for pipes. Confined to one thread.
class PlainConsole final : public Console {
 public:
  PlainConsole(std::FILE* answers, std::FILE* notes) : answers_(answers), notes_(notes) {}
  void Answer(std::string_view text) override;
  void Thinking(std::string_view text) override;
  void Note(std::string_view text) override;
  void Progress(std::string_view) override {}
  Status status() const override { return status_; }

 private:
  std::FILE* const answers_;
  std::FILE* const notes_;
  Status status_;
};

}  // namespace pano::chat
