#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/testing/sim_datagrams.h"
#include "base/transport.h"

namespace pano {

// What one direction of a connection does to its bytes.
struct LinkOptions {
  Duration latency_min = std::chrono::microseconds(50);  // at least 1 ns
  Duration latency_max = std::chrono::milliseconds(1);   // drawn anew for each segment
  size_t segment_bytes = 1460;
  size_t buffer_bytes = 64 << 10;         // sent and not yet read: beyond, writing waits
  // The connection breaks before a segment with this probability, and before this byte.
  double cut_probability = 0;
  std::optional<uint64_t> cut_at_byte = std::nullopt;
  // Of datagrams, each: it is lost; it comes twice. Each takes a latency of its own, so that they
  // overtake each other; buffer_bytes of them wait for their receiver, the others are dropped.
  double datagram_loss = 0;
  double datagram_duplication = 0;
};

// A network between named hosts in this process: connections that delay, break, block slow readers'
// writers and get partitioned. Bytes of one connection keep their order; between connections they
// overtake each other as the drawn delays say. Datagrams keep no order, and get lost.
//
// Every delay and cut is a function of (seed, who dialled whom for the nth time, byte offset),
// and what is sent at one instant arrives later than that instant. So a run under RunInVirtualTime
// repeats exactly, threads and all, as long as no two threads of a host dial the same address at
// the same instant. Without it, time moves when the test moves `clock`. Thread-safe. Outlives what
// it makes.
class SimNetwork {
 public:
  SimNetwork(uint64_t seed, ManualClock& clock, LinkOptions link = {});
  ~SimNetwork();
  SimNetwork(const SimNetwork&) = delete;
  SimNetwork& operator=(const SimNetwork&) = delete;

  // The network as `name` has it; lives as long as the network. Addresses are "name:port", to
  // listen on the own name only.
  Transport& Host(const std::string& name);

  // For connections dialled from now on, the direction `from` -> `to`.
  void SetLink(const std::string& from, const std::string& to, LinkOptions link);
  // Nothing arrives between the two until Heal; then all of it does. Datagrams are lost instead.
  void Partition(const std::string& a, const std::string& b);
  void Heal(const std::string& a, const std::string& b);

  // What arrived when, a line each, in order of time and name: equal for equal runs.
  //   "1250000 a>b:80#0 1460+1460", "... cut", "... end", "... open"
  //   "1300000 a:7=>b:9#0 received", "... lost", "... nobody", "... dropped"
  std::vector<std::string> Trace() const;

 private:
  struct Pipe;         // one direction of a connection
  struct Link;         // both
  struct PendingDial;  // a dial that waits to be accepted
  class SimConnection;
  class SimListener;
  class SimHost;
  class SimDatagramSocket;

  struct Event {
    TimePoint at;
    std::string what;
    auto operator<=>(const Event&) const = default;
  };

  DatagramLink DatagramLinkOf(const std::string& from, const std::string& to) const;
  Result<std::string> FreeAddress(const std::string& host, const std::string& address);
  Result<std::shared_ptr<PendingDial>> StartDial(const std::string& from,
                                                 const std::string& address);
  Status AwaitAnswer(const std::shared_ptr<PendingDial>& dial, TimePoint deadline,
                     const std::stop_token& stop);

  bool IsListening(const PendingDial& dial) const PANO_REQUIRES(mu_);
  bool Partitioned(const std::string& a, const std::string& b) const PANO_REQUIRES(mu_);
  const LinkOptions& OptionsOf(const std::string& from, const std::string& to) const
      PANO_REQUIRES(mu_);
  TimePoint ArrivalOf(const Pipe& pipe, uint64_t stream, uint64_t position) const
      PANO_REQUIRES(mu_);
  size_t Send(Link& link, Pipe& pipe, std::span<const std::byte> bytes) PANO_REQUIRES(mu_);
  void Cut(Link& link, Pipe& at) PANO_REQUIRES(mu_);
  void EndStream(Pipe& pipe) PANO_REQUIRES(mu_);
  void Close(Link& link, bool is_dialer) PANO_REQUIRES(mu_);
  void Record(const Pipe& pipe, std::string what) PANO_REQUIRES(mu_);
  void Reschedule(Pipe& pipe, bool hold) PANO_REQUIRES(mu_);
  void RescheduleAll(const std::string& a, const std::string& b, bool hold) PANO_REQUIRES(mu_);
  void Changed() PANO_REQUIRES(mu_) { clock_.NotifyAll(changed_); }

  const uint64_t seed_;
  const LinkOptions link_;
  ManualClock& clock_;
  SimDatagrams datagrams_;

  mutable Mutex mu_;
  CondVar changed_;
  std::map<std::string, std::unique_ptr<SimHost>> hosts_ PANO_GUARDED_BY(mu_);
  std::map<std::pair<std::string, std::string>, LinkOptions> links_ PANO_GUARDED_BY(mu_);
  std::set<std::pair<std::string, std::string>> partitions_ PANO_GUARDED_BY(mu_);
  std::vector<std::weak_ptr<Link>> open_ PANO_GUARDED_BY(mu_);
  std::map<std::string, TimePoint> listeners_ PANO_GUARDED_BY(mu_);  // who listens, since when
  std::vector<std::shared_ptr<PendingDial>> pending_ PANO_GUARDED_BY(mu_);
  std::map<std::pair<std::string, std::string>, uint64_t> dials_ PANO_GUARDED_BY(mu_);
  std::map<std::string, int> ports_ PANO_GUARDED_BY(mu_);  // the last one picked, by host
  std::vector<Event> trace_ PANO_GUARDED_BY(mu_);
};

}  // namespace pano
