#include "app/systemd/notifier.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "base/errno_status.h"
#include "base/strings.h"

namespace pano::systemd {
namespace {

// A manager that does not read holds up a service for no longer.
constexpr timeval kSendTimeout{2, 0};

struct Address {
  sockaddr_un address{};
  socklen_t length = 0;
};

Address AddressOf(const std::string& socket) {
  Address out;
  out.address.sun_family = AF_UNIX;
  std::memcpy(out.address.sun_path, socket.data(), socket.size());
  out.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket.size());
  if (socket.front() == '@') {
    out.address.sun_path[0] = '\0';   // an abstract name has no terminator
  } else {
    ++out.length;
  }
  return out;
}

// STATUS is one line.
std::string StatusLine(std::string_view text) {
  std::string line(text);
  std::replace(line.begin(), line.end(), '\n', ' ');
  return StrCat("STATUS=", line, "\n");
}

}  // namespace

Result<Notifier> Notifier::FromEnvironment(Env& env) {
  return Create(env.Variable("NOTIFY_SOCKET"));
}

Result<Notifier> Notifier::Create(std::string socket) {
  if (socket.empty()) return Notifier(std::move(socket));
  if ((socket[0] != '/' && socket[0] != '@') || socket.size() < 2 ||
      socket.size() >= sizeof(sockaddr_un::sun_path)) {
    return InvalidArgument(StrCat("NOTIFY_SOCKET '", Printable(socket),
                                  "' is neither an absolute path nor an abstract name of a socket"));
  }
  return Notifier(std::move(socket));
}

Status Notifier::Ready(std::string_view status) const {
  return Send(StrCat("READY=1\n", StatusLine(status), "MAINPID=", ::getpid(), "\n"));
}

Status Notifier::Reloading(TimePoint now) const {
  const auto since_boot = std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch());
  return Send(StrCat("RELOADING=1\nMONOTONIC_USEC=", since_boot.count(), "\n"));
}

Status Notifier::Stopping(std::string_view status) const {
  return Send(StrCat("STOPPING=1\n", StatusLine(status)));
}

Status Notifier::Watchdog() const { return Send("WATCHDOG=1\n"); }

Status Notifier::Send(const std::string& lines) const {
  if (!active()) return {};
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return ErrnoStatus(errno).Wrap("NOTIFY_SOCKET");
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &kSendTimeout, sizeof kSendTimeout);
  const Address to = AddressOf(socket_);
  ssize_t sent = -1;
  do {
    sent = ::sendto(fd, lines.data(), lines.size(), MSG_NOSIGNAL,
                    reinterpret_cast<const sockaddr*>(&to.address), to.length);
  } while (sent < 0 && errno == EINTR);
  const int error = errno;
  ::close(fd);
  if (sent < 0) return ErrnoStatus(error).Wrap(StrCat("NOTIFY_SOCKET ", Printable(socket_)));
  return {};
}

}  // namespace pano::systemd
