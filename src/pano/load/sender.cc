#include "pano/load/sender.h"

#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/errno_status.h"
#include "base/strings.h"

namespace pano::load {
namespace {

Status Unavailable(std::string message) { return Status(StatusCode::kUnavailable, std::move(message)); }

bool WouldWait(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

// Until `wait` has passed at most; how many events there are.
int WaitForEvents(int epoll, epoll_event* events, int most, Duration wait) {
  const auto left = std::max(wait, Duration::zero());
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
  const timespec limit = {static_cast<time_t>(seconds.count()),
                          static_cast<long>(std::chrono::nanoseconds(left - seconds).count())};
  const int count = epoll_pwait2(epoll, events, most, &limit, nullptr);
  if (count >= 0 || errno == EINTR) return std::max(count, 0);
  // Linux before 5.11, and some sandboxes, count milliseconds.
  return std::max(
      0, epoll_wait(epoll, events, most,
                    static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(left).count())));
}

}  // namespace

Result<std::unique_ptr<Sender>> Sender::Create(const http::Url& url, const http::ClientOptions& options,
                                               Dialect dialect, Done done) {
  std::unique_ptr<Sender> sender(new Sender(url, options, dialect, std::move(done)));
  addrinfo hints = {}, *found = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  if (const int error = getaddrinfo(url.host.c_str(), StrCat(url.port).c_str(), &hints, &found); error != 0) {
    return Unavailable(StrCat("cannot find ", url.HostField(), ": ", gai_strerror(error)));
  }
  for (const addrinfo* at = found; at; at = at->ai_next) {
    Address& address = sender->addresses_.emplace_back();
    std::copy_n(reinterpret_cast<const std::byte*>(at->ai_addr), at->ai_addrlen,
                reinterpret_cast<std::byte*>(&address.bytes));
    address.size = at->ai_addrlen;
  }
  freeaddrinfo(found);
  sender->epoll_ = epoll_create1(EPOLL_CLOEXEC);
  if (sender->epoll_ < 0) return ErrnoStatus(errno).Wrap("epoll");
  return sender;
}

Sender::~Sender() {
  for (const auto& link : links_) Close(*link);
  if (epoll_ >= 0) close(epoll_);
}

Status Sender::Open(Link& link) {
  link.connected = link.reused = false;
  link.address = address_;
  const Address& address = addresses_[link.address];
  const int fd = socket(address.bytes.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return ErrnoStatus(errno).Wrap("no socket");
  link.fd = fd;
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  epoll_event event = {};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;  // edges: said once, never changed
  event.data.ptr = &link;
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) return ErrnoStatus(errno).Wrap("epoll");
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address.bytes), address.size) == 0) {
    link.connected = reached_ = true;
  } else if (errno != EINPROGRESS) {
    return ErrnoStatus(errno).Wrap(StrCat("cannot connect to ", url_.HostField()));
  }
  return {};
}

void Sender::Close(Link& link) {
  if (link.fd >= 0) close(std::exchange(link.fd, -1));
}

void Sender::Start(size_t index, TimePoint due, std::string bytes) {
  Link* link = nullptr;
  if (!free_.empty()) {
    link = free_.back();
    free_.pop_back();
  } else if (!closed_.empty()) {
    link = closed_.back();
    closed_.pop_back();
  } else {
    link = links_.emplace_back(std::make_unique<Link>()).get();
  }
  ++in_flight_;
  link->busy = true;
  link->index = index;
  link->due = due;
  link->bytes = std::move(bytes);
  Begin(*link);
}

// Sends the link's request, over a new connection where there is none.
void Sender::Begin(Link& link) {
  link.sent = 0;
  link.any_byte = link.cut = false;
  link.parser.emplace();
  link.reader.emplace(dialect_, link.due);
  link.response = {};
  if (link.fd < 0) {
    if (Status opened = Open(link); !opened.ok()) return Break(link, std::move(opened));
  }
  link.quiet_until = clock_.Now() + (link.connected ? options_.quiet_timeout : options_.connect_timeout);
  Write(link);
}

void Sender::SetReached(Link& link) {
  if (!std::exchange(link.connected, true)) link.quiet_until = clock_.Now() + options_.quiet_timeout;
  reached_ = true;
}

void Sender::Write(Link& link) {
  while (link.sent < link.bytes.size()) {
    const ssize_t n = send(link.fd, link.bytes.data() + link.sent, link.bytes.size() - link.sent, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && WouldWait(errno)) return;
    if (n < 0 && !link.connected) return BreakUnreached(link);
    if (n < 0) {
      // A server may answer and close before it has read everything: what Read finds counts.
      link.cut = true;
      link.sent = link.bytes.size();
      return;
    }
    link.sent += static_cast<size_t>(n);
    SetReached(link);
  }
}

void Sender::Read(Link& link, bool to_end) {
  while (link.fd >= 0) {
    const ssize_t n = recv(link.fd, buffer_.data(), buffer_.size(), 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && WouldWait(errno)) return;
    if (!link.busy) {  // the server has closed what nobody uses
      Close(link);
      std::erase(free_, &link);
      closed_.push_back(&link);
      return;
    }
    if (n < 0 && !link.connected) return BreakUnreached(link);
    if (n < 0) return Break(link, ErrnoStatus(errno).Wrap(StrCat("reading from ", url_.HostField())));
    link.quiet_until = clock_.Now() + options_.quiet_timeout;
    link.any_byte = link.any_byte || n > 0;
    if (!Feed(link, static_cast<size_t>(n))) return;
    // An edge comes with the next byte, so a buffer that is not full has all there is, but for an end that was
    // told together with these.
    if (!to_end && static_cast<size_t>(n) < buffer_.size()) return;
  }
}

bool Sender::Feed(Link& link, size_t count) {
  http::ResponseParser& parser = *link.parser;
  if (count == 0) parser.FeedEnd();
  for (std::string_view rest(buffer_.data(), count); !rest.empty();) {
    const size_t used = parser.Feed(rest, piece_);
    if (used == 0) break;
    rest.remove_prefix(used);
  }
  if (parser.state() == http::ResponseParser::State::kMalformed) {
    const bool cut = count == 0;
    piece_.clear();
    Break(link, cut ? Unavailable(StrCat(url_.HostField(), " closed before its answer was complete"))
                    : Corruption(StrCat(url_.HostField(), " does not answer in HTTP")));
    return false;
  }
  if (!piece_.empty()) {
    bool fits = true;
    if (parser.head().status / 100 == 2) {
      fits = link.reader->Feed(piece_, clock_.Now());
    } else if (link.response.body.size() + piece_.size() <= options_.body_bytes_max) {
      link.response.body.append(piece_);
    } else {
      fits = false;
    }
    piece_.clear();
    if (!fits) {
      link.any_byte = true;
      Break(link, Status(StatusCode::kExhausted, "the answer is longer than can be read"));
      return false;
    }
  }
  if (parser.state() != http::ResponseParser::State::kComplete) return true;
  link.response.status = parser.head().status;
  link.response.headers = std::move(parser.head().headers);
  const bool kept = parser.keep_alive() && !link.cut && link.sent == link.bytes.size();
  if (!kept) Close(link);
  Finish(link, std::move(link.response));
  return false;
}

// The connection is of no use any more. A kept one that the server has closed meanwhile gets its request sent
// once more over a fresh one, and one that never was there over the server's next address, as long as none has
// answered.
void Sender::Break(Link& link, Status why) {
  const bool stale = link.reused && !link.any_byte && why.code() == StatusCode::kUnavailable;
  const bool elsewhere = !link.connected && !reached_ && link.address + 1 < addresses_.size();
  Close(link);
  if (elsewhere) address_ = std::max(address_, link.address + 1);
  if (stale || elsewhere) return Begin(link);
  Finish(link, std::move(why));
}

void Sender::BreakUnreached(Link& link) {
  Break(link, ErrnoStatus(errno).Wrap(StrCat("cannot connect to ", url_.HostField())));
}

void Sender::Finish(Link& link, const Result<http::ClientResponse>& response) {
  Outcome outcome = link.reader->Finish(response, clock_.Now());
  link.busy = false;
  link.reused = true;
  --in_flight_;
  (link.fd >= 0 ? free_ : closed_).push_back(&link);
  done_(link.index, std::move(outcome));
}

void Sender::EndQuietOnes(TimePoint now) {
  if (now < next_look_) return;
  next_look_ = now + std::chrono::seconds(1);
  for (const auto& link : links_) {
    if (!link->busy || now < link->quiet_until) continue;
    const auto limit = link->connected ? options_.quiet_timeout : options_.connect_timeout;
    Break(*link, Status(StatusCode::kDeadline, StrCat(url_.HostField(), " is silent for ", limit.count(), " ms")));
  }
}

void Sender::Poll(TimePoint until) {
  constexpr int kEventsMax = 256;
  std::array<epoll_event, kEventsMax> events;
  const int count = WaitForEvents(epoll_, events.data(), kEventsMax, until - clock_.Now());
  for (int i = 0; i < count; ++i) {
    Link& link = *static_cast<Link*>(events[static_cast<size_t>(i)].data.ptr);
    if (link.fd < 0) continue;
    const uint32_t what = events[static_cast<size_t>(i)].events;
    if ((what & EPOLLOUT) != 0 && (what & (EPOLLERR | EPOLLHUP)) == 0) {
      SetReached(link);
      if (link.busy) Write(link);
    }
    constexpr uint32_t kEnds = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
    if ((what & (EPOLLIN | kEnds)) != 0) Read(link, /*to_end=*/(what & kEnds) != 0);
  }
  EndQuietOnes(clock_.Now());
}

}  // namespace pano::load
