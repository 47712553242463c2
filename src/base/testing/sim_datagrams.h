#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/datagram.h"
#include "base/mutex.h"
#include "base/result.h"

namespace pano {

// FNV-1a, 64 bits: names to seeds.
uint64_t NameHash(std::string_view name);

// What happens to datagrams from one host to another. A value.
struct DatagramLink {
  Duration latency_min{}, latency_max{};  // drawn for each: so they overtake each other
  double loss = 0;                        // probability
  double duplication = 0;                 // probability that it comes twice, each in its own time
  size_t buffer_bytes = 0;                // waiting at the receiver; beyond, they are dropped
  bool cut = false;                       // a partition: all are lost
};

// The datagrams of a SimNetwork. The fate of each is a function of (seed, from whom, to whom, its
// number between the two). Thread-safe.
class SimDatagrams {
 public:
  SimDatagrams(uint64_t seed, ManualClock& clock) : seed_(seed), clock_(clock) {}

  // Unavailable when somebody has the address.
  Status Open(const std::string& address);
  void Close(const std::string& address);
  void Send(const std::string& from, const std::string& to, std::span<const std::byte> bytes,
            const DatagramLink& link);
  // The first by arrival that has arrived, else waits.
  Result<Datagram> Receive(const std::string& address, std::span<std::byte> buffer,
                           TimePoint deadline, const std::stop_token& stop);
  // Lets those who wait look at their stop tokens.
  void Wake();

  // What was received, lost or dropped when.
  std::vector<std::pair<TimePoint, std::string>> Trace() const;

 private:
  struct Waiting {
    TimePoint arrival;
    std::string from;
    uint64_t number;  // between `from` and the receiver
    std::string bytes;
  };
  using Inbox = std::vector<Waiting>;

  void Record(std::string what) PANO_REQUIRES(mu_);

  const uint64_t seed_;
  ManualClock& clock_;
  mutable Mutex mu_;
  CondVar changed_;
  std::map<std::string, Inbox> inboxes_ PANO_GUARDED_BY(mu_);  // by address
  std::map<std::pair<std::string, std::string>, uint64_t> sent_ PANO_GUARDED_BY(mu_);
  std::vector<std::pair<TimePoint, std::string>> trace_ PANO_GUARDED_BY(mu_);
};

}  // namespace pano
