#pragma once

#include <span>

#include "base/status.h"

namespace pano::collective {

// One rank's end of a group of processes, threads or devices that compute one thing together. All
// ranks call the same operations, in the same order, with the same sizes. Every operation blocks
// until all ranks have joined it; every rank then has the same bits.
//
// A failure is for the whole group and final: once a rank has aborted, has gone, or disagrees about
// what is called, all present and later calls of all ranks return that Status.
//
// Confined to the rank's thread, except Abort, which any thread may call.
class Communicator {
 public:
  virtual ~Communicator() = default;

  virtual int rank() const = 0;  // in [0, size())
  virtual int size() const = 0;

  // Each element becomes the sum over ranks, added in the order of the ranks: the result does not
  // depend on timing.
  virtual Status AllReduceSum(std::span<float> data) = 0;
  // all [size() * local.size()]: rank r's `local` at r * local.size().
  virtual Status AllGather(std::span<const float> local, std::span<float> all) = 0;
  // `data` of rank `root` to all.
  virtual Status Broadcast(std::span<float> data, int root) = 0;

  // Ends the group with `reason` (not ok): a rank that cannot go on releases those that wait.
  virtual void Abort(Status reason) = 0;
};

}  // namespace pano::collective
