#include "base/socket_transport.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/errno_status.h"
#include "base/strings.h"
#include "base/transport_address.h"

namespace pano {
namespace {

constexpr int kBacklog = 128;
constexpr std::string_view kUnix = "unix:";

// Closes the descriptor that it holds. Movable.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_ = -1;
};

// A descriptor that becomes readable when a stop is requested, for poll.
class StopEvent {
 public:
  explicit StopEvent(std::stop_token stop)
      : stop_(std::move(stop)),
        event_(stop_.stop_possible() ? ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) : -1),
        signal_(stop_, Signal{event_.get()}) {}

  bool requested() const { return stop_.stop_requested(); }
  int fd() const { return event_.get(); }  // -1, which poll passes over, when no stop can come
  const std::stop_token& token() const { return stop_; }

 private:
  struct Signal {
    int fd;
    void operator()() const {
      const uint64_t one = 1;
      [[maybe_unused]] const ssize_t written = ::write(fd, &one, sizeof one);
    }
  };
  const std::stop_token stop_;
  const Descriptor event_;
  const std::stop_callback<Signal> signal_;
};

Status Cancelled() { return Status(StatusCode::kCancelled, "the call was cancelled"); }

// Waits until `fd` is ready for `events`.
Status Await(int fd, short events, const StopEvent& stop, TimePoint deadline) {
  while (true) {
    std::optional<timespec> left;
    if (deadline != TimePoint::max()) {
      const Duration wait = std::max(deadline - Clock::Real().Now(), Duration::zero());
      const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(wait);
      left = timespec{static_cast<time_t>(seconds.count()),
                      static_cast<long>((wait - seconds).count())};
    }
    std::array<pollfd, 2> fds = {{{fd, events, 0}, {stop.fd(), POLLIN, 0}}};
    const int ready = ::ppoll(fds.data(), fds.size(), left ? &*left : nullptr, nullptr);
    if (ready < 0 && errno == EINTR) continue;
    if (ready < 0) return ErrnoStatus(errno);
    if (stop.requested()) return Cancelled();
    if (fds[0].revents != 0) return {};
    if (ready == 0) return Status(StatusCode::kDeadline, "the deadline has passed");
  }
}

class SocketConnection final : public Connection {
 public:
  SocketConnection(Descriptor socket, std::stop_token stop)
      : socket_(std::move(socket)), stop_(std::move(stop)) {}

  Result<size_t> ReadSome(std::span<std::byte> buffer, TimePoint deadline) override {
    return Transfer(POLLIN, deadline,
                    [&] { return ::recv(socket_.get(), buffer.data(), buffer.size(), 0); });
  }
  Result<size_t> WriteSome(std::span<const std::byte> bytes, TimePoint deadline) override {
    if (bytes.empty()) return size_t{0};
    return Transfer(POLLOUT, deadline, [&] {
      return ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    });
  }
  Status CloseWrite() override {
    if (::shutdown(socket_.get(), SHUT_WR) == 0) return {};
    return ErrnoStatus(errno);
  }

 private:
  template <typename Call>
  Result<size_t> Transfer(short events, TimePoint deadline, Call call) {
    while (!stop_.requested()) {
      const ssize_t n = call();
      if (n >= 0) return static_cast<size_t>(n);
      if (errno == EINTR) continue;
      if (errno != EAGAIN && errno != EWOULDBLOCK) return ErrnoStatus(errno);
      PANO_RETURN_IF_ERROR(Await(socket_.get(), events, stop_, deadline));
    }
    return Cancelled();
  }

  const Descriptor socket_;
  const StopEvent stop_;
};

// An address of one of the two families, as the kernel has it.
struct Endpoint {
  sockaddr_storage address{};
  socklen_t size = 0;

  int family() const { return address.ss_family; }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address); }
};

struct FreeAddresses {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};

Endpoint UnixEndpoint(std::string_view path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  static_assert(TransportAddress::kPathBytesMax < sizeof address.sun_path);
  std::copy(path.begin(), path.end(), address.sun_path);
  Endpoint endpoint;
  std::memcpy(&endpoint.address, &address, sizeof address);
  endpoint.size = sizeof address;
  return endpoint;
}

// All endpoints of `text`, at least one. `type` is SOCK_STREAM or SOCK_DGRAM.
Result<std::vector<Endpoint>> Resolve(const std::string& text, int type, bool passive) {
  PANO_ASSIGN_OR_RETURN(const TransportAddress address, ParseTransportAddress(text));
  if (address.is_unix()) return std::vector{UnixEndpoint(address.path)};
  addrinfo hints{};
  hints.ai_socktype = type;
  hints.ai_flags = passive ? AI_PASSIVE : 0;
  addrinfo* list = nullptr;
  const int failed = ::getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &list);
  if (failed != 0) {
    return Status(StatusCode::kUnavailable,
                  StrCat("cannot find host '", Printable(address.host), "': ", ::gai_strerror(failed)))
        .WithReason("host_not_found");
  }
  const std::unique_ptr<addrinfo, FreeAddresses> owned(list);
  std::vector<Endpoint> endpoints;
  for (const addrinfo* at = list; at != nullptr; at = at->ai_next) {
    Endpoint endpoint;
    PANO_CHECK(at->ai_addrlen <= sizeof endpoint.address);
    std::memcpy(&endpoint.address, at->ai_addr, at->ai_addrlen);
    endpoint.size = at->ai_addrlen;
    endpoints.push_back(endpoint);
  }
  return endpoints;
}

// Answers the errno of what cannot be had for `error`'s sake: for a socket there is no NotFound.
Status Unreachable(int error) {
  return Status(StatusCode::kUnavailable, ErrnoStatus(error).message());
}

void SetOptions(int fd, int family, const SocketTransport::Options& options) {
  // All of them advice: a socket without them works.
  const int on = 1;
  if (family != AF_UNIX) (void)::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (options.buffer_bytes > 0) {
    const int bytes = options.buffer_bytes;
    (void)::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    (void)::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  }
}

Result<Descriptor> MakeSocket(int family, const SocketTransport::Options& options) {
  Descriptor fd(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (fd.get() < 0) return ErrnoStatus(errno);
  SetOptions(fd.get(), family, options);
  return fd;
}

Result<Descriptor> ConnectTo(const Endpoint& endpoint, const SocketTransport::Options& options,
                             const StopEvent& stop, TimePoint deadline) {
  PANO_ASSIGN_OR_RETURN(Descriptor fd, MakeSocket(endpoint.family(), options));
  if (::connect(fd.get(), endpoint.get(), endpoint.size) == 0) return fd;
  int error = errno;
  if (error == EINPROGRESS || error == EINTR) {
    PANO_RETURN_IF_ERROR(Await(fd.get(), POLLOUT, stop, deadline));
    socklen_t size = sizeof error;
    if (::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  }
  if (error != 0) return Unreachable(error);
  return fd;
}

class SocketListener final : public Listener {
 public:
  SocketListener(Descriptor socket, std::string address, int family, std::stop_token stop,
                 SocketTransport::Options options)
      : socket_(std::move(socket)),
        address_(std::move(address)),
        family_(family),
        options_(options),
        stop_(std::move(stop)) {}

  ~SocketListener() override {
    if (family_ == AF_UNIX) (void)::unlink(address_.c_str() + kUnix.size());
  }

  Result<std::unique_ptr<Connection>> Accept(TimePoint deadline) override {
    while (!stop_.requested()) {
      Descriptor fd(::accept4(socket_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (fd.get() >= 0) {
        SetOptions(fd.get(), family_, options_);
        return std::make_unique<SocketConnection>(std::move(fd), stop_.token());
      }
      if (errno == EINTR || errno == ECONNABORTED) continue;
      if (errno != EAGAIN && errno != EWOULDBLOCK) return ErrnoStatus(errno);
      PANO_RETURN_IF_ERROR(Await(socket_.get(), POLLIN, stop_, deadline));
    }
    return Cancelled();
  }

  const std::string& address() const override { return address_; }

 private:
  const Descriptor socket_;
  const std::string address_;
  const int family_;
  const SocketTransport::Options options_;
  const StopEvent stop_;
};

// "127.0.0.1:8080" for an address of the internet's families.
Result<std::string> AddressOf(const Endpoint& bound) {
  std::array<char, NI_MAXHOST> host{};
  std::array<char, NI_MAXSERV> port{};
  if (::getnameinfo(bound.get(), bound.size, host.data(), host.size(), port.data(), port.size(),
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
    return Internal("a socket has no address");
  }
  if (bound.family() == AF_INET6) return StrCat('[', host.data(), "]:", port.data());
  return StrCat(host.data(), ':', port.data());
}

// Of what the socket is bound to.
Result<std::string> BoundAddress(int fd) {
  Endpoint bound;
  bound.size = sizeof bound.address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&bound.address), &bound.size) != 0) {
    return ErrnoStatus(errno);
  }
  return AddressOf(bound);
}

class UdpSocket final : public DatagramSocket {
 public:
  UdpSocket(Descriptor socket, int family, std::string address, std::stop_token stop)
      : socket_(std::move(socket)),
        family_(family),
        address_(std::move(address)),
        stop_(std::move(stop)) {}

  Status SendTo(const std::string& address, std::span<const std::byte> bytes) override {
    PANO_RETURN_IF_ERROR(CheckSize(bytes.size()));
    PANO_ASSIGN_OR_RETURN(const std::vector<Endpoint> endpoints,
                          Resolve(address, SOCK_DGRAM, false));
    const auto to = std::ranges::find(endpoints, family_, &Endpoint::family);
    if (to == endpoints.end()) {
      return InvalidArgument(StrCat("'", Printable(address), "' is of another family"));
    }
    while (!stop_.requested()) {
      const ssize_t n =
          ::sendto(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL, to->get(), to->size);
      // A full buffer loses it, as a router would; so does a port where nobody listens.
      if (n >= 0 || errno == EAGAIN || errno == EWOULDBLOCK || errno == ECONNREFUSED) return {};
      if (errno != EINTR) return Unreachable(errno);
    }
    return Cancelled();
  }

  Result<Datagram> ReceiveFrom(std::span<std::byte> buffer, TimePoint deadline) override {
    while (!stop_.requested()) {
      Endpoint from;
      from.size = sizeof from.address;
      const ssize_t n = ::recvfrom(socket_.get(), buffer.data(), buffer.size(), MSG_TRUNC,
                                   reinterpret_cast<sockaddr*>(&from.address), &from.size);
      if (n >= 0) {
        PANO_ASSIGN_OR_RETURN(std::string address, AddressOf(from));
        return Datagram{static_cast<size_t>(n), std::move(address)};
      }
      if (errno == EINTR || errno == ECONNREFUSED) continue;
      if (errno != EAGAIN && errno != EWOULDBLOCK) return ErrnoStatus(errno);
      PANO_RETURN_IF_ERROR(Await(socket_.get(), POLLIN, stop_, deadline));
    }
    return Cancelled();
  }

  const std::string& address() const override { return address_; }

 private:
  const Descriptor socket_;
  const int family_;
  const std::string address_;
  const StopEvent stop_;
};

}  // namespace

Result<std::unique_ptr<Connection>> SocketTransport::Dial(const std::string& address,
                                                          TimePoint deadline,
                                                          std::stop_token stop) {
  PANO_ASSIGN_OR_RETURN(const std::vector<Endpoint> endpoints, Resolve(address, SOCK_STREAM, false));
  const StopEvent event(stop);
  Status status;
  for (size_t i = 0; i < endpoints.size(); ++i) {
    if (event.requested()) return Cancelled();
    // An endpoint that does not answer leaves time for the others.
    TimePoint until = deadline;
    const TimePoint now = clock().Now();
    if (deadline != TimePoint::max() && deadline > now) {
      until = now + (deadline - now) / static_cast<int64_t>(endpoints.size() - i);
    }
    auto fd = ConnectTo(endpoints[i], options_, event, until);
    if (fd.ok()) return std::make_unique<SocketConnection>(*std::move(fd), std::move(stop));
    status = fd.status();
    if (status.code() == StatusCode::kCancelled) break;
  }
  return status;
}

Result<std::unique_ptr<Listener>> SocketTransport::Listen(const std::string& address,
                                                          std::stop_token stop) {
  PANO_ASSIGN_OR_RETURN(const std::vector<Endpoint> endpoints, Resolve(address, SOCK_STREAM, true));
  const Endpoint& endpoint = endpoints.front();
  PANO_ASSIGN_OR_RETURN(Descriptor fd, MakeSocket(endpoint.family(), options_));
  if (endpoint.family() != AF_UNIX) {
    const int on = 1;
    (void)::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  }
  if (::bind(fd.get(), endpoint.get(), endpoint.size) != 0) return ErrnoStatus(errno);
  if (::listen(fd.get(), kBacklog) != 0) return ErrnoStatus(errno);
  std::string bound = address;
  if (endpoint.family() != AF_UNIX) {
    PANO_ASSIGN_OR_RETURN(bound, BoundAddress(fd.get()));
  }
  return std::make_unique<SocketListener>(std::move(fd), std::move(bound), endpoint.family(),
                                          std::move(stop), options_);
}

Result<std::unique_ptr<DatagramSocket>> SocketTransport::OpenDatagrams(const std::string& address,
                                                                       std::stop_token stop) {
  PANO_ASSIGN_OR_RETURN(const std::vector<Endpoint> endpoints, Resolve(address, SOCK_DGRAM, true));
  const Endpoint& endpoint = endpoints.front();
  if (endpoint.family() == AF_UNIX) return Unimplemented("datagrams over Unix-domain sockets");
  Descriptor fd(::socket(endpoint.family(), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (fd.get() < 0) return ErrnoStatus(errno);
  if (::bind(fd.get(), endpoint.get(), endpoint.size) != 0) return ErrnoStatus(errno);
  PANO_ASSIGN_OR_RETURN(std::string bound, BoundAddress(fd.get()));
  return std::make_unique<UdpSocket>(std::move(fd), endpoint.family(), std::move(bound),
                                     std::move(stop));
}

Transport& Transport::Real() {
  static SocketTransport transport;
  return transport;
}

}  // namespace pano
