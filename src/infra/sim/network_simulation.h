#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "base/status.h"
#include "infra/sim/event_queue.h"
#include "infra/sim/flow_network.h"

namespace pano::sim {

// The links that a message takes. A value.
struct Route {
  static constexpr size_t kHopsMax = 6;
  std::array<LinkId, kHopsMax> links = {};
  uint8_t count = 0;

  void Add(LinkId link) { links[count++] = link; }
  std::span<const LinkId> path() const { return {links.data(), count}; }
};

// What a run may spend before it gives up.
struct RunLimits {
  int64_t events = 50'000'000;   // some ten seconds
  int64_t rates = 500'000'000;  // computed by the network
};

// Timers and messages over one FlowNetwork. A message waits its delay, which occupies nothing, and then flows.
// At one moment flows end before others start. Deterministic; confined to one thread.
class NetworkSimulation {
 public:
  // What the simulated world does; called by Run, and may start timers and messages.
  class World {
   public:
    virtual ~World() = default;
    virtual void OnTimer(uint64_t tag) = 0;
    virtual void OnArrival(uint64_t tag) = 0;
  };

  FlowNetwork& network() { return network_; }
  Time now() const { return now_; }

  void StartTimer(Time after, uint64_t tag);
  void Send(Time delay, const Route& route, double bytes, uint64_t tag, double cap = kNoCap);

  // Until nothing is left to happen. Exhausted beyond the limits; Unavailable when messages are left that no
  // link carries.
  Status Run(World& world, const RunLimits& limits = {});
  int64_t events() const { return events_; }

 private:
  struct Message {
    Route route;
    double bytes = 0;
    double cap = kNoCap;
    uint64_t tag = 0;
  };
  static constexpr uint32_t kNoMessage = UINT32_MAX;
  struct Due {
    uint64_t tag = 0;
    uint32_t message = kNoMessage;
  };

  FlowNetwork network_;
  EventQueue<Due> due_;
  std::vector<Message> messages_;  // that wait their delay
  std::vector<uint32_t> free_messages_;
  std::vector<FlowNetwork::Ended> ended_;
  Time now_ = 0;
  int64_t events_ = 0;
};

}  // namespace pano::sim
