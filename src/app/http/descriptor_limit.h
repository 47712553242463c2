#pragma once

#include <cstddef>

#include "base/result.h"

namespace pano::http {

inline constexpr size_t kConnectionsDefault = 4096;

// How many connections a server may take, with this process's limit on descriptors (RLIMIT_NOFILE) raised
// to what they need beside everything else. `wanted` 0: kConnectionsDefault, or as many as the system
// allows. Exhausted when it allows fewer than were asked for, with the ways out: the last ones would wait
// in the kernel's queue for ever where they should be told 503.
Result<size_t> FitConnections(size_t wanted);

// The same with the limits given: the descriptors to raise the soft limit to, and the connections.
struct DescriptorPlan {
  size_t descriptors = 0;  // the soft limit that is needed
  size_t connections = 0;
};
Result<DescriptorPlan> PlanDescriptors(size_t wanted, size_t soft_limit, size_t hard_limit);

}  // namespace pano::http
