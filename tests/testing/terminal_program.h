#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pano/terminal/testing/screen.h"

namespace pano {

// A program on a pseudo-terminal of its own, as a person would have it. Ends it when destroyed. Confined
// to one thread.
class TerminalProgram {
 public:
  struct Options {
    std::vector<std::string> arguments;  // the program first
    std::vector<std::pair<std::string, std::string>> environment;
    int columns = 80;
  };
  explicit TerminalProgram(const Options& options);
  ~TerminalProgram();
  TerminalProgram(const TerminalProgram&) = delete;
  TerminalProgram& operator=(const TerminalProgram&) = delete;

  void Type(std::string_view bytes);
  void Resize(int columns);
  void Signal(int signal);
  // Waits until the screen shows `text` this many times; false after 20 s without it.
  bool Shows(std::string_view text, int times = 1);
  // Waits until the last line is that; for what may also have been shown before.
  bool LastLineIs(std::string_view text);
  // Waits for the end: the exit code, or minus the signal; -1000 after 20 s without one.
  int Wait();
  // Waits until the program was stopped (Ctrl-Z); false after 20 s.
  bool WaitUntilStopped();
  // The terminal's own settings: lines, with echo.
  bool IsCooked() const;

  const std::string& raw() const { return raw_; }  // all bytes that came
  const terminal::Screen& screen() const { return screen_; }

 private:
  bool Pump(int timeout_ms);  // false at the end of output
  template <typename Done>
  bool PumpUntil(const Done& done);

  pid_t process_ = -1;
  int master_ = -1;
  int slave_ = -1;  // kept open, so that the settings can be asked for when the program has ended
  std::string raw_;
  terminal::Screen screen_;
};

}  // namespace pano
