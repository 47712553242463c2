#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "model/batch/job_queue.h"
#include "model/nn/encoder/encoder.h"
#include "model/serving/core.h"

namespace pano::batch {

// What applies a policy's decisions: takes from the queue, computes, hands the rows back. Confined
// to its predictor's thread.
class BatchLoop {
 public:
  // All outlive the loop. `floats_max`: of the per-token outputs of one batch, while it is
  // computed.
  BatchLoop(encoder::Encoder& encoder, serving::Core& core, JobQueue& queue,
            int64_t floats_max = 1ll << 26);

  // What the loop may do until it looks again: nothing, or to stop.
  struct Next {
    bool stop = false;
    bool now = false;                     // there may be more to do at once
    std::optional<TimePoint> until = {};  // else wait: for a message, or that long
  };
  // Ends what is over and computes one batch at most.
  Next Step();
  // Steps and waits until it is stopped.
  void Run();

 private:
  void EndOver(TimePoint now, bool shutdown);
  void End(const JobPtr& job, const Status& failure);
  void Compute(const std::vector<Slice>& slices, TimePoint oldest);
  void CountTokens(const std::vector<Slice>& slices);
  void Deliver(const std::vector<Slice>& slices, std::vector<encoder::Output> outputs);
  void ComputeAlone(const std::vector<Slice>& slices, encoder::EncoderBatch batch);
  void Publish(int64_t running, bool runnable, bool stepped);

  encoder::Encoder& encoder_;
  serving::Core& core_;
  JobQueue& queue_;
  const int64_t floats_max_;
};

}  // namespace pano::batch
