#include "tests/testing/terminal_program.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>

#include "base/check.h"

namespace pano {
namespace {

constexpr std::chrono::seconds kPatience{20};
constexpr int kPumpMs = 20;

winsize Size(int columns) {
  winsize size = {};
  size.ws_row = 24;
  size.ws_col = static_cast<unsigned short>(columns);
  return size;
}

}  // namespace

TerminalProgram::TerminalProgram(const Options& options) : screen_(options.columns) {
  const winsize size = Size(options.columns);
  PANO_CHECK(::openpty(&master_, &slave_, nullptr, nullptr, &size) == 0);
  std::vector<char*> arguments;
  for (const std::string& argument : options.arguments) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  process_ = ::fork();
  PANO_CHECK(process_ >= 0);
  if (process_ == 0) {
    ::close(master_);
    ::login_tty(slave_);
    ::setenv("TERM", "xterm-256color", 1);
    ::unsetenv("NO_COLOR");
    for (const auto& [name, value] : options.environment) {
      ::setenv(name.c_str(), value.c_str(), 1);
    }
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
  }
}

TerminalProgram::~TerminalProgram() {
  if (process_ > 0) {
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
  }
  ::close(master_);
  ::close(slave_);
}

void TerminalProgram::Type(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(master_, bytes.data(), std::min<size_t>(bytes.size(), 512));
    PANO_CHECK(n > 0);
    bytes.remove_prefix(static_cast<size_t>(n));
    Pump(0);
  }
}

void TerminalProgram::Resize(int columns) {
  const winsize size = Size(columns);
  screen_.Resize(columns);
  PANO_CHECK(::ioctl(master_, TIOCSWINSZ, &size) == 0);
}

void TerminalProgram::Signal(int signal) { ::kill(process_, signal); }

bool TerminalProgram::Pump(int timeout_ms) {
  pollfd poll = {master_, POLLIN, 0};
  if (::poll(&poll, 1, timeout_ms) <= 0) return true;
  std::array<char, 4096> buffer;
  const ssize_t n = ::read(master_, buffer.data(), buffer.size());
  if (n <= 0) return false;
  raw_.append(buffer.data(), static_cast<size_t>(n));
  screen_.Write({buffer.data(), static_cast<size_t>(n)});
  return true;
}

template <typename Done>
bool TerminalProgram::PumpUntil(const Done& done) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!done()) {
    if (std::chrono::steady_clock::now() > end || !Pump(kPumpMs)) return done();
  }
  return true;
}

bool TerminalProgram::Shows(std::string_view text, int times) {
  return PumpUntil([&] {
    const std::string shown = screen_.Text();
    int found = 0;
    for (size_t at = shown.find(text); at != shown.npos; at = shown.find(text, at + text.size())) {
      ++found;
    }
    return found >= times;
  });
}

bool TerminalProgram::LastLineIs(std::string_view text) {
  return PumpUntil([&] {
    const std::vector<std::string> lines = screen_.Lines();
    return !lines.empty() && lines.back() == text;
  });
}

int TerminalProgram::Wait() {
  int status = 0;
  bool ended = false;
  PumpUntil([&] {
    ended = ended || ::waitpid(process_, &status, WNOHANG) == process_;
    return ended;
  });
  if (!ended) return -1000;
  process_ = -1;
  while (true) {
    const size_t before = raw_.size();
    if (!Pump(kPumpMs) || raw_.size() == before) break;
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

bool TerminalProgram::WaitUntilStopped() {
  int status = 0;
  return PumpUntil([&] {
    return ::waitpid(process_, &status, WNOHANG | WUNTRACED) == process_ && WIFSTOPPED(status);
  });
}

bool TerminalProgram::IsCooked() const {
  termios settings;
  PANO_CHECK(::tcgetattr(slave_, &settings) == 0);
  return (settings.c_lflag & ICANON) != 0 && (settings.c_lflag & ECHO) != 0;
}

}  // namespace pano
