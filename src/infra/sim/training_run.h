#pragma once

#include <cstdint>

#include "base/result.h"
#include "infra/sim/event_queue.h"

namespace pano::sim {

// A training run of many steps on nodes that fail: whenever one does, all go back to the last checkpoint. A value.
struct TrainingRun {
  double work_s = 0;             // of steps, without failures and checkpoints
  int64_t nodes = 1;
  double node_mtbf_s = 0;        // of one node: failures come at random (Poisson), nodes / node_mtbf_s a second
  double checkpoint_s = 0;       // that the steps stand still for one
  double checkpoint_every_s = 0; // of work
  double restart_s = 0;          // from a failure until steps go on; it can fail, too
  uint64_t seed = 1;
};

struct TrainingRunFigures {
  double seconds = 0;
  double goodput = 0;      // work over seconds
  double failures = 0;     // a number of them; of the closed form, on average
};

inline constexpr int64_t kRunFailuresMax = 5'000'000;

// One run, failure by failure. InvalidArgument where a figure makes no sense; Exhausted beyond kRunFailuresMax failures: the run does not get
// on, as segments are longer than what mostly lies between failures.
Result<TrainingRunFigures> SimulateTrainingRun(const TrainingRun& run);

// The same on average: a segment of t seconds takes (M + R') (e^(t/M) - 1), M the time between failures of all nodes, R' = M (e^(R/M) - 1) what a
// restart takes, which may fail (Daly, "A higher order estimate of the optimum checkpoint interval", 2006).
TrainingRunFigures ExpectedTrainingRun(const TrainingRun& run);

// The interval between checkpoints with the least expected time, by bisection of its derivative; about sqrt(2 checkpoint_s M)
// where that is much shorter than M (Young, 1974).
double BestCheckpointInterval(const TrainingRun& run);

}  // namespace pano::sim
