#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <string>

namespace pano::systemd {

// A service manager's end of NOTIFY_SOCKET. Thread-compatible.
class NotifySocket {
 public:
  // A path, or an abstract name behind '@'.
  explicit NotifySocket(const std::string& name) : path_(name[0] == '/' ? name : "") {
    fd_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    if (path_.empty()) address.sun_path[0] = '\0';
    if (!path_.empty()) ::unlink(path_.c_str());
    const size_t length = offsetof(sockaddr_un, sun_path) + name.size() + (path_.empty() ? 0 : 1);
    EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&address), static_cast<socklen_t>(length)), 0);
    const timeval patience{10, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  ~NotifySocket() {
    ::close(fd_);
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  NotifySocket(const NotifySocket&) = delete;
  NotifySocket& operator=(const NotifySocket&) = delete;

  // The next datagram; "" when none comes within ten seconds.
  std::string Next() { return Receive(0); }
  // The same without waiting.
  std::string Poll() { return Receive(MSG_DONTWAIT); }

 private:
  std::string Receive(int flags) {
    char buffer[4096];
    const ssize_t size = ::recv(fd_, buffer, sizeof buffer, flags);
    return size > 0 ? std::string(buffer, static_cast<size_t>(size)) : "";
  }

  const std::string path_;
  int fd_ = -1;
};

}  // namespace pano::systemd
