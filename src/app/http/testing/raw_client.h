#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "app/http/message/response_parser.h"

namespace pano::http::testing {

// What lies between a test's bytes and its socket. Thread-compatible.
class RawTransport {
 public:
  virtual ~RawTransport() = default;
  virtual ssize_t Send(const char* bytes, size_t size) = 0;
  virtual ssize_t Receive(char* bytes, size_t size) = 0;
  virtual bool HasBuffered() = 0;  // bytes that Receive has without the socket
  virtual bool CanReceive() = 0;   // whether Receive would return at once
};

// A socket for tests that send what no proper client would. Every read waits at most 10 s.
// Thread-compatible.
class RawClient {
 public:
  explicit RawClient(uint16_t port) : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    if (connected_ && make_transport) transport_ = make_transport(socket_);
  }
  ~RawClient() { Close(); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  // Makes the transport of all clients to come; empty: the bare socket.
  static inline std::function<std::unique_ptr<RawTransport>(int socket)> make_transport;

  bool connected() const { return connected_; }

  bool Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = transport_ ? transport_->Send(bytes.data(), bytes.size())
                                   : send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(n));
    }
    return true;
  }

  struct Reply {
    int status = 0;  // 0: no whole response came
    Headers headers;
    std::string body;
    bool keep_alive = false;

    std::string Header(std::string_view name) const {
      Request lookup;
      lookup.headers = headers;
      return std::string(lookup.Header(name));
    }
  };

  // The next response; what follows it is kept for the next call.
  Reply Receive(bool is_head_request = false) {
    ResponseParser parser(is_head_request);
    Reply reply;
    while (true) {
      while (!in_.empty() && parser.state() < ResponseParser::State::kComplete) {
        in_.erase(0, parser.Feed(in_, reply.body));
      }
      if (parser.state() >= ResponseParser::State::kComplete) break;
      if (!ReadMore()) parser.FeedEnd();
    }
    if (parser.state() != ResponseParser::State::kComplete) return reply;
    reply.status = parser.head().status;
    reply.headers = parser.head().headers;
    reply.keep_alive = parser.keep_alive();
    return reply;
  }

  // Everything until the server closes.
  std::string ReceiveAll() {
    while (ReadMore()) {
    }
    return std::exchange(in_, {});
  }

  // Bytes until `text` has come (or the end).
  std::string ReceiveUntil(std::string_view text) {
    while (in_.find(text) == std::string::npos && ReadMore()) {
    }
    return std::exchange(in_, {});
  }

  // The next `n` bytes, or fewer at the end: not one more is taken from the socket.
  std::string ReceiveBytes(size_t n) {
    while (in_.size() < n && ReadMore(n - in_.size())) {
    }
    std::string bytes = in_.substr(0, n);
    in_.erase(0, bytes.size());
    return bytes;
  }

  // Whether a byte of a reply, or the end, has come.
  bool HasReply() {
    if (transport_) return transport_->CanReceive();
    pollfd query{socket_, POLLIN, 0};
    return poll(&query, 1, 0) > 0;
  }

  // Reads at most 16 KiB and throws them away; how many, 0 at the end.
  size_t Discard() {
    const size_t before = in_.size();
    if (!ReadMore()) return 0;
    const size_t n = in_.size() - before;
    in_.clear();
    return n;
  }

  // Whether the server closes without a further byte.
  bool ClosesSilently() { return ReceiveAll().empty() && at_end_; }

  void FinishSending() { shutdown(socket_, SHUT_WR); }
  void SetReceiveBuffer(int bytes) {
    setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  }
  void Close() {
    if (socket_ >= 0) close(socket_);
    socket_ = -1;
  }
  // Closes so that the peer gets a reset.
  void Reset() {
    const linger now{1, 0};
    setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    Close();
  }

 private:
  bool ReadMore(size_t bytes_max = 16 << 10) {
    pollfd query{socket_, POLLIN, 0};
    const bool buffered = transport_ && transport_->HasBuffered();
    if (!buffered && poll(&query, 1, 10'000) <= 0) return false;
    char buffer[16 << 10];
    const ssize_t n = transport_ ? transport_->Receive(buffer, std::min(bytes_max, sizeof buffer))
                                 : recv(socket_, buffer, std::min(bytes_max, sizeof buffer), 0);
    at_end_ = n <= 0;
    if (n > 0) in_.append(buffer, static_cast<size_t>(n));
    return n > 0;
  }

  int socket_;
  std::unique_ptr<RawTransport> transport_;
  bool connected_ = false;
  bool at_end_ = false;
  std::string in_;
};

}  // namespace pano::http::testing
