#include "app/systemd/listen_socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "base/errno_status.h"
#include "base/strings.h"

namespace pano::systemd {
namespace {

constexpr int kFirstDescriptor = 3;   // SD_LISTEN_FDS_START

Result<int> IntOption(int descriptor, int option) {
  int value = 0;
  socklen_t length = sizeof value;
  if (::getsockopt(descriptor, SOL_SOCKET, option, &value, &length) != 0) {
    return ErrnoStatus(errno).Wrap(StrCat("descriptor ", descriptor, " of LISTEN_FDS"));
  }
  return value;
}

}  // namespace

Result<ListenSocket> DescribeSocket(int descriptor) {
  PANO_ASSIGN_OR_RETURN(const int type, IntOption(descriptor, SO_TYPE));
  PANO_ASSIGN_OR_RETURN(const int listens, IntOption(descriptor, SO_ACCEPTCONN));
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    return ErrnoStatus(errno).Wrap(StrCat("descriptor ", descriptor, " of LISTEN_FDS"));
  }
  const bool v4 = address.ss_family == AF_INET, v6 = address.ss_family == AF_INET6;
  if (type != SOCK_STREAM || listens == 0 || (!v4 && !v6)) {
    return InvalidArgument(StrCat("descriptor ", descriptor,
                                  " of LISTEN_FDS is not a listening TCP socket: the socket unit needs "
                                  "ListenStream=ADDRESS:PORT and Accept=no"));
  }
  ListenSocket out{.descriptor = descriptor, .host = "", .port = 0};
  char text[INET6_ADDRSTRLEN] = {};
  if (v4) {
    const auto* in = reinterpret_cast<const sockaddr_in*>(&address);
    ::inet_ntop(AF_INET, &in->sin_addr, text, sizeof text);
    out.port = ntohs(in->sin_port);
  } else {
    const auto* in = reinterpret_cast<const sockaddr_in6*>(&address);
    ::inet_ntop(AF_INET6, &in->sin6_addr, text, sizeof text);
    out.port = ntohs(in->sin6_port);
  }
  out.host = text;
  return out;
}

Result<std::optional<ListenSocket>> TakeListenSocket(Env& env) {
  const std::string count_text = env.Variable("LISTEN_FDS");
  if (count_text.empty() || ParseInt(env.Variable("LISTEN_PID")) != ::getpid()) {
    return std::optional<ListenSocket>();
  }
  const auto count = ParseInt(count_text);
  if (count != 1) {
    return InvalidArgument(StrCat("LISTEN_FDS is '", Printable(count_text),
                                  "': one socket is served, so the socket unit needs one ListenStream"));
  }
  PANO_ASSIGN_OR_RETURN(ListenSocket socket, DescribeSocket(kFirstDescriptor));
  ::fcntl(socket.descriptor, F_SETFD, FD_CLOEXEC);
  return std::optional<ListenSocket>(std::move(socket));
}

}  // namespace pano::systemd
