// Every wait ends at a time that is known when it begins, or is begun anew when somebody changes
// what it waits for. One mutex and one condition variable serve the whole network: tests are small.

#include "base/testing/sim_network.h"

#include <algorithm>
#include <cstring>
#include <deque>
#include <functional>
#include <optional>
#include <tuple>

#include "base/check.h"
#include "base/random.h"
#include "base/strings.h"
#include "base/transport_address.h"

namespace pano {
namespace {

constexpr TimePoint kNever = TimePoint::max();
constexpr std::ptrdiff_t kBacklog = 128;  // dials that one address lets wait
constexpr int kFirstFreePort = 49152;

// Draws of one pipe, by what they are for.
enum : uint64_t { kSegmentDelay, kSegmentCut, kDialDelay, kEndDelay, kHealDelay };

Status Cancelled() { return Status(StatusCode::kCancelled, "the call was cancelled"); }
Status Late() { return Status(StatusCode::kDeadline, "the deadline has passed"); }
Status Reset() { return Status(StatusCode::kUnavailable, "Connection reset by peer"); }

std::pair<std::string, std::string> Pair(const std::string& a, const std::string& b) {
  return std::minmax(a, b);
}

}  // namespace

struct SimNetwork::Pipe {
  struct Piece {
    std::string bytes;
    TimePoint arrival;
  };
  struct Ack {
    uint64_t bytes;
    TimePoint arrival;
  };

  std::string name;      // "a>b:80#0"
  std::string from, to;  // hosts
  uint64_t key = 0;      // of its draws
  LinkOptions options;

  std::deque<Piece> pieces;  // sent and not read
  std::deque<Ack> acks;      // of what was read, on their way back
  uint64_t sent = 0, read = 0, acked = 0;
  TimePoint last_arrival{};
  std::optional<TimePoint> end;            // when the reader learns that nothing more comes
  std::optional<TimePoint> reader_breaks;  // when each side learns that the connection is broken
  std::optional<TimePoint> writer_breaks;

  double Draw(uint64_t stream, uint64_t position) const { return UniformAt(key, stream, position); }
  Duration Latency(uint64_t stream, uint64_t position) const {
    const Duration span = options.latency_max - options.latency_min;
    const double part = Draw(stream, position) * static_cast<double>(span.count());
    return std::max(options.latency_min + Duration(static_cast<int64_t>(part)), Duration(1));
  }
  // The first byte at or after `sent` before which the connection breaks, up to `limit`.
  std::optional<uint64_t> CutBefore(uint64_t limit) const {
    std::optional<uint64_t> cut;
    if (options.cut_at_byte && *options.cut_at_byte < limit) cut = *options.cut_at_byte;
    if (options.cut_probability > 0) {
      const uint64_t size = options.segment_bytes;
      for (uint64_t i = (sent + size - 1) / size; i * size < limit; ++i) {
        if (cut && *cut <= i * size) break;
        if (Draw(kSegmentCut, i) < options.cut_probability) cut = i * size;
      }
    }
    return cut;
  }
};

struct SimNetwork::Link {
  Pipe forward, back;  // from the dialer, to the dialer
};

struct SimNetwork::PendingDial {
  std::string address;
  std::shared_ptr<Link> link;
  TimePoint arrival;
  bool accepted = false;
};

SimNetwork::SimNetwork(uint64_t seed, ManualClock& clock, LinkOptions link)
    : seed_(seed), link_(link), clock_(clock), datagrams_(seed, clock) {
  PANO_CHECK(link.segment_bytes > 0 && link.buffer_bytes > 0);
}

SimNetwork::~SimNetwork() = default;

bool SimNetwork::Partitioned(const std::string& a, const std::string& b) const {
  return partitions_.contains(Pair(a, b));
}

const LinkOptions& SimNetwork::OptionsOf(const std::string& from, const std::string& to) const {
  const auto found = links_.find({from, to});
  return found == links_.end() ? link_ : found->second;
}

void SimNetwork::Record(const Pipe& pipe, std::string what) {
  trace_.push_back({clock_.Now(), StrCat(pipe.name, ' ', what)});
}

// When what is sent now arrives; kNever while a partition holds it back.
TimePoint SimNetwork::ArrivalOf(const Pipe& pipe, uint64_t stream, uint64_t position) const {
  if (Partitioned(pipe.from, pipe.to)) return kNever;
  return std::max(pipe.last_arrival, clock_.Now() + pipe.Latency(stream, position));
}

// Sends a first part of `bytes`, which fit into the buffer.
size_t SimNetwork::Send(Link& link, Pipe& pipe, std::span<const std::byte> bytes) {
  size_t count = bytes.size();
  const std::optional<uint64_t> cut = pipe.CutBefore(pipe.sent + count);
  if (cut) count = *cut - std::min(*cut, pipe.sent);
  for (size_t done = 0; done < count;) {
    const uint64_t segment = pipe.sent / pipe.options.segment_bytes;
    const uint64_t end = (segment + 1) * pipe.options.segment_bytes;
    const size_t part = std::min<uint64_t>(count - done, end - pipe.sent);
    const TimePoint arrival = ArrivalOf(pipe, kSegmentDelay, segment);
    if (arrival != kNever) pipe.last_arrival = arrival;
    pipe.pieces.push_back(
        {std::string(reinterpret_cast<const char*>(bytes.data()) + done, part), arrival});
    pipe.sent += part;
    done += part;
  }
  if (cut) Cut(link, pipe);
  Changed();
  return count;
}

// The connection breaks where `at` stands: its reader learns it after what was sent, its writer
// when word has come back; the other direction likewise.
void SimNetwork::Cut(Link& link, Pipe& at) {
  Pipe& other = &at == &link.forward ? link.back : link.forward;
  if (at.reader_breaks) return;
  Record(at, "cut");
  const TimePoint there = ArrivalOf(at, kEndDelay, 0);
  const TimePoint here = there == kNever ? kNever : there + other.Latency(kEndDelay, 0);
  at.reader_breaks = other.writer_breaks = there;
  at.writer_breaks = other.reader_breaks = here;
}

void SimNetwork::EndStream(Pipe& pipe) {
  if (pipe.end || pipe.reader_breaks) return;  // what is broken has no orderly end
  pipe.end = ArrivalOf(pipe, kEndDelay, 1);
  Changed();
}

// One side closes: the other reads to the end, and its writes fail once it has learned of it.
void SimNetwork::Close(Link& link, bool is_dialer) {
  Pipe& out = is_dialer ? link.forward : link.back;
  Pipe& in = is_dialer ? link.back : link.forward;
  EndStream(out);
  if (!in.writer_breaks) in.writer_breaks = ArrivalOf(out, kEndDelay, 2);
  Changed();
}

// hold: what has not arrived yet will not. Otherwise: what was held is sent anew.
void SimNetwork::Reschedule(Pipe& pipe, bool hold) {
  const TimePoint now = clock_.Now();
  uint64_t draw = 0;
  const auto move = [&](TimePoint& arrival) {
    if (hold && arrival > now) arrival = kNever;
    if (hold || arrival != kNever) return;
    arrival = std::max(pipe.last_arrival, now + pipe.Latency(kHealDelay, draw++));
    pipe.last_arrival = arrival;
  };
  if (hold) pipe.last_arrival = std::min(pipe.last_arrival, now);
  for (auto& piece : pipe.pieces) move(piece.arrival);
  for (auto& ack : pipe.acks) move(ack.arrival);
  if (pipe.end) move(*pipe.end);
  if (pipe.reader_breaks) move(*pipe.reader_breaks);
  if (pipe.writer_breaks) move(*pipe.writer_breaks);
}

class SimNetwork::SimConnection final : public Connection {
 public:
  SimConnection(SimNetwork& network, std::shared_ptr<Link> link, bool is_dialer,
                std::stop_token stop)
      : network_(network),
        link_(std::move(link)),
        is_dialer_(is_dialer),
        out_(is_dialer ? link_->forward : link_->back),
        in_(is_dialer ? link_->back : link_->forward),
        stop_(std::move(stop)),
        wake_(stop_, Wake{network}) {}

  ~SimConnection() override {
    MutexLock lock(network_.mu_);
    network_.Close(*link_, is_dialer_);
  }

  Result<size_t> ReadSome(std::span<std::byte> buffer, TimePoint deadline) override {
    PANO_CHECK(!buffer.empty());
    MutexLock lock(network_.mu_);
    while (true) {
      if (stop_.stop_requested()) return Cancelled();
      const TimePoint now = network_.clock_.Now();
      if (const size_t n = Take(buffer, now); n > 0) return n;
      if (in_.end && *in_.end <= now && in_.pieces.empty()) {
        network_.Record(in_, "end");
        return size_t{0};
      }
      if (in_.reader_breaks && *in_.reader_breaks <= now) return Reset();
      if (deadline <= now) return Late();
      TimePoint next = deadline;
      if (!in_.pieces.empty()) next = std::min(next, in_.pieces.front().arrival);
      if (in_.end && in_.pieces.empty()) next = std::min(next, *in_.end);
      if (in_.reader_breaks) next = std::min(next, *in_.reader_breaks);
      network_.clock_.WaitUntil(network_.changed_, network_.mu_, next);
    }
  }

  Result<size_t> WriteSome(std::span<const std::byte> bytes, TimePoint deadline) override {
    if (bytes.empty()) return size_t{0};
    MutexLock lock(network_.mu_);
    while (true) {
      if (stop_.stop_requested()) return Cancelled();
      if (out_.end) return Status(StatusCode::kUnavailable, "Broken pipe");
      const TimePoint now = network_.clock_.Now();
      if (out_.writer_breaks && *out_.writer_breaks <= now) return Reset();
      while (!out_.acks.empty() && out_.acks.front().arrival <= now) {
        out_.acked += out_.acks.front().bytes;
        out_.acks.pop_front();
      }
      const uint64_t room = out_.options.buffer_bytes - (out_.sent - out_.acked);
      // Behind a cut bytes go nowhere, until word of it has come.
      const size_t part = std::min<uint64_t>(room, bytes.size());
      if (part > 0 && out_.reader_breaks) return part;
      if (part > 0) {
        const size_t sent = network_.Send(*link_, out_, bytes.first(part));
        return sent > 0 ? sent : part;
      }
      if (deadline <= now) return Late();
      TimePoint next = deadline;
      if (!out_.acks.empty()) next = std::min(next, out_.acks.front().arrival);
      if (out_.writer_breaks) next = std::min(next, *out_.writer_breaks);
      network_.clock_.WaitUntil(network_.changed_, network_.mu_, next);
    }
  }

  Status CloseWrite() override {
    MutexLock lock(network_.mu_);
    network_.EndStream(out_);
    return {};
  }

 private:
  struct Wake {
    SimNetwork& network;
    void operator()() const {
      MutexLock lock(network.mu_);
      network.Changed();
    }
  };

  // What has arrived, as far as the buffer holds.
  size_t Take(std::span<std::byte> buffer, TimePoint now) PANO_REQUIRES(network_.mu_) {
    size_t taken = 0;
    while (taken < buffer.size() && !in_.pieces.empty() && in_.pieces.front().arrival <= now) {
      std::string& bytes = in_.pieces.front().bytes;
      const size_t part = std::min(bytes.size(), buffer.size() - taken);
      std::memcpy(buffer.data() + taken, bytes.data(), part);
      taken += part;
      bytes.erase(0, part);
      if (bytes.empty()) in_.pieces.pop_front();
    }
    if (taken == 0) return 0;
    network_.Record(in_, StrCat(in_.read, '+', taken));
    in_.read += taken;
    const bool held = network_.Partitioned(in_.from, in_.to);
    const Duration back = std::max(out_.options.latency_min, Duration(1));
    in_.acks.push_back({taken, held ? kNever : now + back});
    network_.Changed();
    return taken;
  }

  SimNetwork& network_;
  const std::shared_ptr<Link> link_;
  const bool is_dialer_;
  Pipe& out_;
  Pipe& in_;
  const std::stop_token stop_;
  const std::stop_callback<Wake> wake_;
};

class SimNetwork::SimListener final : public Listener {
 public:
  SimListener(SimNetwork& network, std::string address, std::stop_token stop)
      : network_(network),
        address_(std::move(address)),
        stop_(std::move(stop)),
        wake_(stop_, [&network] {
          MutexLock lock(network.mu_);
          network.Changed();
        }) {}

  ~SimListener() override {
    MutexLock lock(network_.mu_);
    network_.listeners_.erase(address_);
    for (const auto& dial : network_.pending_) {
      if (dial->address == address_) network_.Close(*dial->link, /*is_dialer=*/false);
    }
    std::erase_if(network_.pending_,
                  [&](const auto& dial) { return dial->address == address_; });
    network_.Changed();
  }

  Result<std::unique_ptr<Connection>> Accept(TimePoint deadline) override {
    PANO_ASSIGN_OR_RETURN(const std::shared_ptr<Link> link, Await(deadline));
    return std::make_unique<SimConnection>(network_, link, /*is_dialer=*/false, stop_);
  }

  const std::string& address() const override { return address_; }

 private:
  Result<std::shared_ptr<Link>> Await(TimePoint deadline) {
    MutexLock lock(network_.mu_);
    while (true) {
      if (stop_.stop_requested()) return Cancelled();
      const TimePoint now = network_.clock_.Now();
      const std::shared_ptr<PendingDial> first = First();
      if (first && first->arrival <= now) {
        first->accepted = true;
        std::erase(network_.pending_, first);
        network_.Record(first->link->forward, "open");
        return first->link;
      }
      if (deadline <= now) return Late();
      const TimePoint next = first ? std::min(deadline, first->arrival) : deadline;
      network_.clock_.WaitUntil(network_.changed_, network_.mu_, next);
    }
  }

  // By arrival and, at one instant, by name.
  std::shared_ptr<PendingDial> First() const PANO_REQUIRES(network_.mu_) {
    std::shared_ptr<PendingDial> first;
    for (const auto& dial : network_.pending_) {
      if (dial->address != address_) continue;
      if (!first || std::tie(dial->arrival, dial->link->forward.name) <
                        std::tie(first->arrival, first->link->forward.name)) {
        first = dial;
      }
    }
    return first;
  }

  SimNetwork& network_;
  const std::string address_;
  const std::stop_token stop_;
  const std::stop_callback<std::function<void()>> wake_;
};

class SimNetwork::SimDatagramSocket final : public DatagramSocket {
 public:
  SimDatagramSocket(SimNetwork& network, std::string host, std::string address,
                    std::stop_token stop)
      : network_(network),
        host_(std::move(host)),
        address_(std::move(address)),
        stop_(std::move(stop)),
        wake_(stop_, [&network] { network.datagrams_.Wake(); }) {}
  ~SimDatagramSocket() override { network_.datagrams_.Close(address_); }

  Status SendTo(const std::string& address, std::span<const std::byte> bytes) override {
    PANO_RETURN_IF_ERROR(CheckSize(bytes.size()));
    PANO_ASSIGN_OR_RETURN(const TransportAddress to, ParseTransportAddress(address));
    if (stop_.stop_requested()) return Cancelled();
    network_.datagrams_.Send(address_, address, bytes, network_.DatagramLinkOf(host_, to.host));
    return {};
  }
  Result<Datagram> ReceiveFrom(std::span<std::byte> buffer, TimePoint deadline) override {
    return network_.datagrams_.Receive(address_, buffer, deadline, stop_);
  }
  const std::string& address() const override { return address_; }

 private:
  SimNetwork& network_;
  const std::string host_, address_;
  const std::stop_token stop_;
  const std::stop_callback<std::function<void()>> wake_;
};

class SimNetwork::SimHost final : public Transport {
 public:
  SimHost(SimNetwork& network, std::string name) : network_(network), name_(std::move(name)) {}

  Result<std::unique_ptr<Connection>> Dial(const std::string& address, TimePoint deadline,
                                           std::stop_token stop) override {
    PANO_ASSIGN_OR_RETURN(const std::shared_ptr<PendingDial> dial,
                          network_.StartDial(name_, address));
    auto connection =
        std::make_unique<SimConnection>(network_, dial->link, /*is_dialer=*/true, stop);
    // On failure its destructor closes both directions.
    PANO_RETURN_IF_ERROR(network_.AwaitAnswer(dial, deadline, stop));
    return connection;
  }

  Result<std::unique_ptr<Listener>> Listen(const std::string& address,
                                           std::stop_token stop) override {
    PANO_ASSIGN_OR_RETURN(std::string bound, network_.FreeAddress(name_, address));
    {
      MutexLock lock(network_.mu_);
      if (!network_.listeners_.try_emplace(bound, network_.clock_.Now()).second) {
        return Status(StatusCode::kUnavailable, "Address already in use");
      }
    }
    return std::make_unique<SimListener>(network_, std::move(bound), std::move(stop));
  }

  Result<std::unique_ptr<DatagramSocket>> OpenDatagrams(const std::string& address,
                                                        std::stop_token stop) override {
    PANO_ASSIGN_OR_RETURN(std::string bound, network_.FreeAddress(name_, address));
    PANO_RETURN_IF_ERROR(network_.datagrams_.Open(bound));
    return std::make_unique<SimDatagramSocket>(network_, name_, std::move(bound), std::move(stop));
  }

  Clock& clock() override { return network_.clock_; }

 private:
  SimNetwork& network_;
  const std::string name_;
};

// The address that `host` binds for `address`, with a free port where 0 is asked for.
Result<std::string> SimNetwork::FreeAddress(const std::string& host, const std::string& address) {
  const auto parsed = ParseTransportAddress(address);
  if (!parsed.ok() || parsed->host != host) {
    return InvalidArgument(StrCat("'", Printable(address), "' is no port of ", host));
  }
  if (parsed->port != 0) return address;
  MutexLock lock(mu_);
  int& last = ports_.try_emplace(host, kFirstFreePort - 1).first->second;
  return StrCat(host, ':', ++last);
}

DatagramLink SimNetwork::DatagramLinkOf(const std::string& from, const std::string& to) const {
  MutexLock lock(mu_);
  const LinkOptions& link = OptionsOf(from, to);
  return {link.latency_min,          link.latency_max,  link.datagram_loss,
          link.datagram_duplication, link.buffer_bytes, Partitioned(from, to)};
}

Result<std::shared_ptr<SimNetwork::PendingDial>> SimNetwork::StartDial(
    const std::string& from, const std::string& address) {
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos || colon == 0) {
    return InvalidArgument(StrCat("'", Printable(address), "' is no host:port"));
  }
  const std::string to = address.substr(0, colon);
  MutexLock lock(mu_);
  if (!hosts_.contains(to)) {
    return Status(StatusCode::kUnavailable, StrCat("cannot find host '", Printable(to), "'"))
        .WithReason("host_not_found");
  }
  const uint64_t ordinal = dials_[{from, address}]++;
  auto dial = std::make_shared<PendingDial>();
  dial->address = address;
  dial->link = std::make_shared<Link>();
  Pipe& forward = dial->link->forward;
  Pipe& back = dial->link->back;
  forward.name = StrCat(from, '>', address, '#', ordinal);
  back.name = StrCat(from, '<', address, '#', ordinal);
  forward.from = back.to = from;
  forward.to = back.from = to;
  forward.options = OptionsOf(from, to);
  back.options = OptionsOf(to, from);
  for (Pipe* pipe : {&forward, &back}) pipe->key = seed_ ^ NameHash(pipe->name);
  dial->arrival = ArrivalOf(forward, kDialDelay, 0);
  std::erase_if(open_, [](const auto& open) { return open.expired(); });
  open_.push_back(dial->link);
  pending_.push_back(dial);
  Changed();
  return dial;
}

// A round trip, whether or not somebody has accepted by then.
Status SimNetwork::AwaitAnswer(const std::shared_ptr<PendingDial>& dial, TimePoint deadline,
                               const std::stop_token& stop) {
  MutexLock lock(mu_);
  while (true) {
    const TimePoint now = clock_.Now();
    TimePoint answer = dial->arrival;
    if (answer != kNever) answer += dial->link->back.Latency(kDialDelay, 0);
    Status status;
    if (stop.stop_requested()) {
      status = Cancelled();
    } else if (answer <= now) {
      if (dial->accepted || IsListening(*dial)) return {};
      status = Status(StatusCode::kUnavailable, "Connection refused");
    } else if (deadline <= now) {
      status = Late();
    }
    if (!status.ok()) {
      std::erase(pending_, dial);
      return status;
    }
    clock_.WaitUntil(changed_, mu_, std::min(deadline, answer));
  }
}

// Whether somebody listened when it arrived and has room for it.
bool SimNetwork::IsListening(const PendingDial& dial) const {
  const auto listener = listeners_.find(dial.address);
  if (listener == listeners_.end() || listener->second > dial.arrival) return false;
  const auto before = [&](const auto& other) {
    return other->address == dial.address && other->arrival < dial.arrival;
  };
  return std::count_if(pending_.begin(), pending_.end(), before) < kBacklog;
}

Transport& SimNetwork::Host(const std::string& name) {
  MutexLock lock(mu_);
  std::unique_ptr<SimHost>& host = hosts_[name];
  if (!host) host = std::make_unique<SimHost>(*this, name);
  return *host;
}

void SimNetwork::SetLink(const std::string& from, const std::string& to, LinkOptions link) {
  PANO_CHECK(link.segment_bytes > 0 && link.buffer_bytes > 0);
  MutexLock lock(mu_);
  links_[{from, to}] = link;
}

void SimNetwork::Partition(const std::string& a, const std::string& b) {
  MutexLock lock(mu_);
  if (partitions_.insert(Pair(a, b)).second) RescheduleAll(a, b, /*hold=*/true);
}

void SimNetwork::Heal(const std::string& a, const std::string& b) {
  MutexLock lock(mu_);
  if (partitions_.erase(Pair(a, b)) > 0) RescheduleAll(a, b, /*hold=*/false);
}

void SimNetwork::RescheduleAll(const std::string& a, const std::string& b, bool hold) {
  for (const auto& open : open_) {
    const std::shared_ptr<Link> link = open.lock();
    if (!link || Pair(link->forward.from, link->forward.to) != Pair(a, b)) continue;
    Reschedule(link->forward, hold);
    Reschedule(link->back, hold);
  }
  for (const auto& dial : pending_) {
    const Pipe& pipe = dial->link->forward;
    if (Pair(pipe.from, pipe.to) != Pair(a, b)) continue;
    const TimePoint now = clock_.Now();
    if (hold && dial->arrival > now) dial->arrival = kNever;
    if (!hold && dial->arrival == kNever) {
      dial->arrival = now + pipe.Latency(kHealDelay, 0);
    }
  }
  Changed();
}

std::vector<std::string> SimNetwork::Trace() const {
  MutexLock lock(mu_);
  std::vector<Event> events = trace_;
  for (auto& [at, what] : datagrams_.Trace()) events.push_back({at, std::move(what)});
  std::stable_sort(events.begin(), events.end());
  std::vector<std::string> lines;
  for (const Event& event : events) {
    lines.push_back(StrCat(event.at.time_since_epoch().count(), ' ', event.what));
  }
  return lines;
}

}  // namespace pano
