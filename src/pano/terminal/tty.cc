#include "pano/terminal/tty.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "base/check.h"
#include "base/env.h"
#include "base/errno_status.h"
#include "base/strings.h"

namespace pano::terminal {
namespace {

constexpr std::string_view kBracketOn = "\x1b[?2004h", kBracketOff = "\x1b[?2004l";
constexpr int kFatalSignals[] = {SIGTERM, SIGHUP, SIGQUIT};

// What signal handlers may touch. Written before the handlers are set and by the one thread of the Tty.
termios own_settings, current_settings;
bool taken = false;
// Tells Read of another size: a signal may reach any thread, and between two waits.
int resized[2] = {-1, -1};

void GiveBack() {
  ::tcsetattr(STDIN_FILENO, TCSADRAIN, &own_settings);
  [[maybe_unused]] const auto n = ::write(STDOUT_FILENO, kBracketOff.data(), kBracketOff.size());
}

void OnFatalSignal(int signal) {
  GiveBack();
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

// After a stop the shell may have set the terminal as it likes it.
void OnContinue(int) { ::tcsetattr(STDIN_FILENO, TCSADRAIN, &current_settings); }

void OnResize(int) {
  const int error = errno;
  [[maybe_unused]] const auto n = ::write(resized[1], "", 1);
  errno = error;
}

void Handle(int signal, void (*handler)(int), int flags) {
  struct sigaction action = {};
  action.sa_handler = handler;
  action.sa_flags = flags;
  ::sigaction(signal, &action, nullptr);
}

std::optional<winsize> Size() {
  winsize size = {};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return std::nullopt;
  return size;
}

}  // namespace

Result<std::unique_ptr<Tty>> Tty::Create() {
  PANO_CHECK(!taken);
  termios settings;
  const std::string kind = EnvironmentVariable("TERM");
  if (::isatty(STDOUT_FILENO) != 1 || ::tcgetattr(STDIN_FILENO, &settings) != 0 ||
      kind == "dumb" || kind.empty()) {
    return NotFound("no terminal");
  }
  if (::pipe2(resized, O_CLOEXEC | O_NONBLOCK) != 0) return ErrnoStatus(errno);
  own_settings = current_settings = settings;
  taken = true;
  std::unique_ptr<Tty> tty(new Tty(settings));
  for (int signal : kFatalSignals) Handle(signal, OnFatalSignal, 0);
  Handle(SIGCONT, OnContinue, SA_RESTART);
  Handle(SIGWINCH, OnResize, SA_RESTART);
  tty->SetMode(Mode::kAnswering);
  return tty;
}

Tty::~Tty() {
  GiveBack();
  for (int signal : kFatalSignals) Handle(signal, SIG_DFL, 0);
  Handle(SIGCONT, SIG_DFL, 0);
  Handle(SIGWINCH, SIG_DFL, 0);
  ::close(resized[0]);
  ::close(resized[1]);
  taken = false;
}

void Tty::SetMode(Mode mode) {
  termios raw = settings_;
  raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  raw.c_cc[VMIN] = 1;
  raw.c_cc[VTIME] = 0;
  if (mode == Mode::kEntering) {
    raw.c_lflag &= ~static_cast<tcflag_t>(ISIG | IEXTEN);
    raw.c_iflag &= ~static_cast<tcflag_t>(ICRNL | INLCR | IXON);
  }
  current_settings = raw;
  ::tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
  if (mode != mode_) {
    [[maybe_unused]] const Status written =
        Write(mode == Mode::kEntering ? kBracketOn : kBracketOff);
  }
  mode_ = mode;
}

Result<std::string> Tty::Read(int timeout_ms) {
  pollfd polls[] = {{STDIN_FILENO, POLLIN, 0}, {resized[0], POLLIN, 0}};
  const int ready = ::poll(polls, std::size(polls), timeout_ms);
  if (ready == 0 || (ready < 0 && errno == EINTR)) return std::string();
  if (ready < 0) return ErrnoStatus(errno);
  std::array<char, 4096> buffer;
  if (polls[0].revents == 0) {
    while (::read(resized[0], buffer.data(), buffer.size()) > 0) continue;
    return std::string();
  }
  const ssize_t n = ::read(STDIN_FILENO, buffer.data(), buffer.size());
  if (n < 0 && errno == EINTR) return std::string();
  if (n <= 0) return Status(StatusCode::kUnavailable, "the terminal has gone");
  return std::string(buffer.data(), static_cast<size_t>(n));
}

Status Tty::Write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoStatus(errno);
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return {};
}

int Tty::columns() const {
  const auto size = Size();
  return size ? size->ws_col : 80;
}

int Tty::rows() const {
  const auto size = Size();
  return size && size->ws_row > 0 ? size->ws_row : 24;
}

void Tty::Suspend() {
  const Mode mode = mode_;
  GiveBack();
  mode_ = Mode::kAnswering;
  std::raise(SIGSTOP);
  SetMode(mode);
}

}  // namespace pano::terminal
