#pragma once

#include <termios.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace pano::terminal {

// The terminal that standard input and output are connected to, taken over while this lives: keys come
// at once and are not shown by the terminal itself. It gets its own settings back when this goes, when
// the process is stopped and when a signal ends it. At most one at a time. Confined to one thread.
class Tty {
 public:
  enum class Mode {
    kEntering,   // all keys are bytes, Ctrl-C too; pastes are bracketed
    kAnswering,  // Ctrl-C is SIGINT
  };

  // NotFound where standard input or output is no terminal, or one that cannot move its cursor
  // (TERM=dumb).
  static Result<std::unique_ptr<Tty>> Create();
  ~Tty();
  Tty(const Tty&) = delete;
  Tty& operator=(const Tty&) = delete;

  void SetMode(Mode mode);
  // Waits for bytes; "" when none came for `timeout_ms` (-1: no limit) or the size has changed.
  // Unavailable when the terminal has gone.
  Result<std::string> Read(int timeout_ms);
  Status Write(std::string_view bytes);
  int columns() const;
  int rows() const;
  // Stops the process, as Ctrl-Z does to others, and comes back when it is continued.
  void Suspend();

 private:
  explicit Tty(const termios& settings) : settings_(settings) {}

  const termios settings_;  // as they were
  Mode mode_ = Mode::kAnswering;
};

}  // namespace pano::terminal
