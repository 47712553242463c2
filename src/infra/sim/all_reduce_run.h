#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "infra/cluster/fabric.h"
#include "infra/sim/all_reduce.h"
#include "infra/sim/schedule_run.h"

namespace pano::sim {

// One all-reduce as it went. A value.
struct AllReduceRun {
  Time seconds = 0;
  int64_t chunks = 1;       // of a tree, of in-network sums, or segments
  int64_t messages = 0;     // that were simulated
  int64_t jumped_steps = 0;
  std::string assumption;   // what the simulation takes for granted; "" = nothing
};

// Chunks of a simulated double tree at most: more make it little faster and the simulation much slower.
inline constexpr int64_t kTreeChunksMax = 32;

// REQUIRES: CheckApplicable is ok, bytes >= 0, 1 <= segments.
Result<AllReduceRun> SimulateAllReduce(AllReduce algorithm, const cluster::Fabric& fabric, double bytes,
                                       int64_t segments = 1, const Conditions& conditions = {});

}  // namespace pano::sim
