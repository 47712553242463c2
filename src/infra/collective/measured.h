#pragma once

#include <memory>

#include "base/clock.h"
#include "base/metrics.h"
#include "infra/collective/communicator.h"

namespace pano::collective {

// A communicator that counts what `inner` does, in series labelled with the operation
// (all_reduce_sum, all_gather, broadcast):
//   pano_collective_seconds          a histogram of each call, waiting for other ranks included
//   pano_collective_bytes_total      of this rank's operands: data, local and all, data
//   pano_collective_failures_total
// The registry and the clock outlive it.
std::unique_ptr<Communicator> Measure(std::unique_ptr<Communicator> inner, MetricRegistry& metrics,
                                      Clock& clock = Clock::Real());

}  // namespace pano::collective
