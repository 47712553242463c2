#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/result.h"
#include "infra/sim/event_queue.h"

namespace pano::sim {

// One step of data-parallel training: forward, backward from the last layer to the first, gradients added in
// buckets as they come (Li et al., "PyTorch Distributed", VLDB 2020). A value.
struct TrainingStep {
  double parameters = 0;
  double gradient_bytes = 2;   // of a parameter
  double tokens_per_rank = 0;
  double flops_s = 0;          // that a rank reaches
  int64_t layers = 24;         // of equal size
  double bucket_bytes = 25e6;  // 0: one bucket, which is added behind the backward pass
  double backward_share = 2.0 / 3;  // of the computing
  // Computing is slowed to 1 / (1 + contention) while gradients move: they share memory, caches and cores
  // (0.19 on average: "An overlap study", arXiv 2507.03114).
  double contention = 0.19;
  // Everybody waits for the slowest rank. Ranks are slow by chance, each exp(straggler_sigma |z|) times as slow, z normal; and one of
  // them `slow_rank` times on top.
  double straggler_sigma = 0;
  double slow_rank = 1;
  int64_t ranks = 1;
  uint64_t seed = 1;
  // From then on nothing moves between ranks, for so long: a bucket that moves is held up, others begin later. Computing goes on.
  Time outage_at_s = 0, outage_s = 0;

  // 6 operations a parameter and token (Kaplan et al., 2020), 2 of them forward.
  double ComputeSeconds() const { return 6 * parameters * tokens_per_rank / flops_s; }
};

struct Bucket {
  double bytes = 0;
  Time ready_s = 0;
  Time begin_s = 0;
  Time end_s = 0;
};
struct TrainingStepRun {
  double compute_s = 0;        // alone, without contention and stragglers
  double slowest = 1;          // how many times as long the slowest rank computes
  double communication_s = 0;  // sum of the buckets' times
  double step_s = 0;
  double exposed = 0;          // part of the step that is no computing: 1 - compute_s / step_s
  std::vector<Bucket> buckets;
};

inline constexpr int64_t kBucketsMax = 100'000;

// What the slowest of `ranks` is on average over steps: the mean of the greatest of that many exp(sigma |z|), from their distribution.
double ExpectedSlowest(double sigma, int64_t ranks);

// `seconds_of(bytes)` is how long an all-reduce of so many bytes takes; buckets move one after the other.
// InvalidArgument where a figure makes no sense.
Result<TrainingStepRun> SimulateTrainingStep(const TrainingStep& step, const std::function<Result<double>(double bytes)>& seconds_of);

}  // namespace pano::sim
