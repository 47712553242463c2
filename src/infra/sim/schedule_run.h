#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "infra/cluster/fabric.h"
#include "infra/sim/fabric_network.h"
#include "infra/sim/schedule.h"

namespace pano::sim {

// From `at_s` on a node's NICs carry `factor` of what they should, for `seconds`. A value.
struct NodeFault {
  int64_t node = 0;
  Time at_s = 0;
  Time seconds = kNever;
  double factor = 0;
};

// What is not as the fabric says. A value.
struct Conditions {
  // Nodes are slow by chance: each carries 1/x of its rate, x = exp(straggler_sigma |z|), z normal.
  double straggler_sigma = 0;
  uint64_t seed = 1;
  std::vector<NodeFault> faults = {};
};

struct RunOptions {
  FabricNetwork::Nics nics = FabricNetwork::Nics::kOwn;
  double switch_delay_s = 0;  // of a stream to or from the switches
  double switch_bytes_s = kNoCap;
  Conditions conditions = {};
  // Where all actors have advanced by the same time for some steps of a stretch that goes on alike, the state is
  // that of a step before, later: steps are jumped over, and time with them. Off: every message is simulated.
  bool jump = true;
  RunLimits limits = {};
};

struct ScheduleRun {
  Time seconds = 0;
  int64_t messages = 0;  // that were simulated
  int64_t jumped_steps = 0;
};

inline constexpr int64_t kActorsMax = 1 << 23;

// Plays a schedule on a fabric, event by event. Exhausted where it is too large; Unavailable when a fault leaves
// messages that nobody carries.
Result<ScheduleRun> RunSchedule(const Schedule& schedule, const cluster::Fabric& fabric, const RunOptions& options);

}  // namespace pano::sim
