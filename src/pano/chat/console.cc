#include "pano/chat/console.h"

#include <cerrno>

#include "base/errno_status.h"
#include "base/strings.h"
#include "pano/terminal/clusters.h"

namespace pano::chat {

std::string TerminalConsole::Dim(std::string_view text) const {
  return colours_ ? StrCat("\x1b[2m", text, "\x1b[0m") : std::string(text);
}

void TerminalConsole::Write(std::string_view text) {
  if (progress_shown_) {
    progress_shown_ = false;
    Write("\r\x1b[K");
  }
  if (status_.ok()) status_ = tty_.Write(text).Wrap("writing to the terminal");
}

void TerminalConsole::Progress(std::string_view line) {
  Write("");
  if (line.empty()) return;
  Write(Dim(terminal::ClipToColumns(line, tty_.columns() - 1)));
  progress_shown_ = true;
}

void PlainConsole::Answer(std::string_view text) {
  const bool written =
      std::fwrite(text.data(), 1, text.size(), answers_) == text.size() && std::fflush(answers_) == 0;
  if (!written && status_.ok()) status_ = ErrnoStatus(errno).Wrap("writing the answer");
}

void PlainConsole::Thinking(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), notes_);
}

void PlainConsole::Note(std::string_view text) {
  std::fprintf(notes_, "%.*s\n", static_cast<int>(text.size()), text.data());
}

}  // namespace pano::chat
