#include "app/http/client.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "app/http/response_parser.h"
#include "base/check.h"
#include "base/strings.h"

namespace pano::http {
namespace {

std::string ErrnoText(int error) { return std::system_category().message(error); }

struct FreeAddresses {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};

std::string FormatRequest(const Url& url, const ClientRequest& request) {
  std::string out = StrCat(request.method, ' ', url.path, request.target,
                           " HTTP/1.1\r\nHost: ", url.HostField(), "\r\n");
  for (const auto& [name, value] : request.headers) out.append(StrCat(name, ": ", value, "\r\n"));
  if (!request.body.empty() || request.method == "POST") {
    out.append(StrCat("Content-Length: ", request.body.size(), "\r\n"));
  }
  return out.append("\r\n").append(request.body);
}

}  // namespace

std::string_view ClientResponse::Header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (ToLower(key) == ToLower(name)) return value;
  }
  return {};
}

Client::Client(Url url, ClientOptions options)
    : url_(std::move(url)), options_(options), cancel_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  PANO_CHECK(cancel_ >= 0);
}

Client::~Client() {
  Disconnect();
  close(cancel_);
}

void Client::Cancel() {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(cancel_, &one, sizeof one);
}

void Client::Disconnect() {
  if (socket_ >= 0) close(socket_);
  socket_ = -1;
}

Status Client::WaitFor(Wait what, std::chrono::milliseconds timeout) {
  const auto until = std::chrono::steady_clock::now() + timeout;
  while (true) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    pollfd fds[2] = {{socket_, static_cast<short>(what == Wait::kRead ? POLLIN : POLLOUT), 0},
                     {cancel_, POLLIN, 0}};
    const int ready = poll(fds, 2, static_cast<int>(std::max<int64_t>(left.count(), 0)));
    if (ready < 0 && errno == EINTR) continue;
    if (ready < 0) return Status(StatusCode::kUnavailable, StrCat("poll: ", ErrnoText(errno)));
    if (fds[1].revents != 0) return Status(StatusCode::kCancelled, "the call was cancelled");
    if (fds[0].revents != 0) return {};
    if (left.count() <= 0) {
      return Status(StatusCode::kDeadline,
                    StrCat(url_.HostField(), " is silent for ", timeout.count(), " ms"));
    }
  }
}

Status Client::Connect() {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int failed =
      getaddrinfo(url_.host.c_str(), std::to_string(url_.port).c_str(), &hints, &list);
  if (failed != 0) {
    return Status(StatusCode::kUnavailable,
                  StrCat("cannot find host '", Printable(url_.host), "': ", gai_strerror(failed)));
  }
  const std::unique_ptr<addrinfo, FreeAddresses> owned(list);
  Status status;
  for (const addrinfo* at = list; at != nullptr; at = at->ai_next) {
    status = ConnectTo(*at);
    if (status.ok()) return status;
    Disconnect();
    if (status.code() == StatusCode::kCancelled) break;
  }
  return status;
}

Status Client::ConnectTo(const addrinfo& address) {
  socket_ = socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int error = socket_ < 0 ? errno : 0;
  if (error == 0 && connect(socket_, address.ai_addr, address.ai_addrlen) != 0) error = errno;
  if (error == EINPROGRESS) {
    PANO_RETURN_IF_ERROR(WaitFor(Wait::kWrite, options_.connect_timeout));
    socklen_t size = sizeof error;
    getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &size);
  }
  if (error != 0) {
    return Status(StatusCode::kUnavailable,
                  StrCat("cannot connect to ", url_.HostField(), ": ", ErrnoText(error)));
  }
  const int on = 1;
  setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return {};
}

Status Client::SendAll(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n >= 0) {
      bytes.remove_prefix(static_cast<size_t>(n));
    } else if (errno == EAGAIN) {
      PANO_RETURN_IF_ERROR(WaitFor(Wait::kWrite, options_.quiet_timeout));
    } else if (errno != EINTR) {
      return Status(StatusCode::kUnavailable,
                    StrCat("sending to ", url_.HostField(), ": ", ErrnoText(errno)));
    }
  }
  return {};
}

Result<size_t> Client::ReadSome(char* buffer, size_t size) {
  while (true) {
    PANO_RETURN_IF_ERROR(WaitFor(Wait::kRead, options_.quiet_timeout));
    const ssize_t n = recv(socket_, buffer, size, 0);
    if (n >= 0) return static_cast<size_t>(n);
    if (errno != EINTR && errno != EAGAIN) {
      return Status(StatusCode::kUnavailable,
                    StrCat("reading from ", url_.HostField(), ": ", ErrnoText(errno)));
    }
  }
}

Result<ClientResponse> Client::Exchange(const std::string& bytes, bool is_head_request,
                                        const BodySink& sink, bool* any_byte) {
  // A server may answer and close before it has read everything (413): read that answer.
  const Status sent = SendAll(bytes);
  if (sent.code() != StatusCode::kOk && sent.code() != StatusCode::kUnavailable) return sent;
  ResponseParser parser(is_head_request);
  ClientResponse response;
  std::string piece;
  char buffer[16 << 10];
  while (parser.state() != ResponseParser::State::kComplete) {
    auto n = ReadSome(buffer, sizeof buffer);
    if (!n.ok()) return sent.ok() ? n.status() : sent;
    *any_byte = *any_byte || *n > 0;
    if (*n == 0) parser.FeedEnd();
    for (std::string_view rest(buffer, *n); !rest.empty();) {
      const size_t used = parser.Feed(rest, piece);
      if (used == 0) break;
      rest.remove_prefix(used);
    }
    if (parser.state() == ResponseParser::State::kMalformed) {
      if (*n == 0) {
        return Status(StatusCode::kUnavailable,
                      StrCat(url_.HostField(), " closed before its answer was complete"));
      }
      return Corruption(StrCat(url_.HostField(), " does not answer in HTTP"));
    }
    const bool to_sink = sink && parser.head().status / 100 == 2;
    if (to_sink && !piece.empty()) {
      if (!sink(piece)) return Status(StatusCode::kCancelled, "the reader wants no more");
    } else if (response.body.size() + piece.size() > options_.body_bytes_max) {
      return Status(StatusCode::kExhausted,
                    StrCat("the answer is longer than ", options_.body_bytes_max, " bytes"));
    } else {
      response.body.append(piece);
    }
    piece.clear();
  }
  response.status = parser.head().status;
  response.headers = std::move(parser.head().headers);
  if (!parser.keep_alive() || !sent.ok()) Disconnect();
  return response;
}

Result<ClientResponse> Client::Send(const ClientRequest& request, const BodySink& sink) {
  const std::string bytes = FormatRequest(url_, request);
  while (true) {
    const bool reused = socket_ >= 0;
    if (!reused) PANO_RETURN_IF_ERROR(Connect());
    bool any_byte = false;
    auto response = Exchange(bytes, request.method == "HEAD", sink, &any_byte);
    if (response.ok()) return response;
    Disconnect();
    // A kept connection that the server has closed meanwhile: once more on a fresh one.
    const bool stale = reused && !any_byte && response.status().code() == StatusCode::kUnavailable;
    if (!stale) return response;
  }
}

}  // namespace pano::http
