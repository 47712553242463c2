#include "infra/sim/training_run.h"

#include <algorithm>
#include <cmath>

#include "base/random.h"
#include "base/strings.h"
#include "infra/sim/figure.h"
#include "infra/sim/poisson.h"

namespace pano::sim {
namespace {

Status Check(const TrainingRun& run) {
  const Figure figures[] = {{"work", run.work_s, 1e-3, 1e12},
                            {"nodes", static_cast<double>(run.nodes), 1, 1e9},
                            {"time between a node's failures", run.node_mtbf_s, 1e-3, 1e15},
                            {"a checkpoint", run.checkpoint_s, 0, 1e9},
                            {"the time between checkpoints", run.checkpoint_every_s, 1e-6, 1e12},
                            {"a restart", run.restart_s, 0, 1e9}};
  PANO_RETURN_IF_ERROR(CheckFigures(figures, " s"));
  if (run.work_s / run.checkpoint_every_s > 1e8) return InvalidArgument(StrCat("[sim] ", run.work_s / run.checkpoint_every_s, " checkpoints are too many to simulate"));
  return {};
}

double Mean(const TrainingRun& run) { return run.node_mtbf_s / static_cast<double>(run.nodes); }

}  // namespace

Result<TrainingRunFigures> SimulateTrainingRun(const TrainingRun& run) {
  PANO_RETURN_IF_ERROR(Check(run));
  Random random(run.seed);
  const double mean = Mean(run);
  TrainingRunFigures out;
  int64_t failures = 0;
  double left = Exponential(random, mean);   // until the next failure
  // Seconds that have to pass without a failure; false where there was one before.
  const auto pass = [&](double seconds) {
    if (left > seconds) {
      left -= seconds;
      out.seconds += seconds;
      return true;
    }
    out.seconds += left;
    left = Exponential(random, mean);
    ++failures;
    return false;
  };
  double done = 0;
  while (done < run.work_s) {
    const double work = std::min(run.checkpoint_every_s, run.work_s - done);
    while (!pass(work + run.checkpoint_s)) {
      if (failures > kRunFailuresMax) break;
      while (failures <= kRunFailuresMax && !pass(run.restart_s)) {
      }
    }
    if (failures > kRunFailuresMax) {
      return Status(StatusCode::kExhausted, StrCat("[sim] the run does not get on: ", failures, " failures in ", out.seconds, " s, ", done, " of ", run.work_s, " s of work done"));
    }
    done += work;
  }
  out.failures = static_cast<double>(failures);
  out.goodput = run.work_s / out.seconds;
  return out;
}

TrainingRunFigures ExpectedTrainingRun(const TrainingRun& run) {
  const double mean = Mean(run);
  const double whole = std::floor(run.work_s / run.checkpoint_every_s * (1 + 1e-12));
  const double rest = std::max(0.0, run.work_s - whole * run.checkpoint_every_s);
  const auto segment = [&](double work) { return mean * std::exp(run.restart_s / mean) * std::expm1((work + run.checkpoint_s) / mean); };
  TrainingRunFigures out;
  out.seconds = whole * segment(run.checkpoint_every_s) + (rest > 1e-9 * run.work_s ? segment(rest) : 0);
  out.goodput = run.work_s / out.seconds;
  out.failures = out.seconds / mean;
  return out;
}

double BestCheckpointInterval(const TrainingRun& run) {
  const double mean = Mean(run);
  if (run.checkpoint_s <= 0) return std::min(run.work_s, 1e-3 * mean);
  // The least of (e^((t + c)/M) - 1) / t is where e^((t + c)/M) (t/M - 1) = -1.
  double low = 0, high = mean;
  for (int i = 0; i < 200; ++i) {
    const double t = (low + high) / 2;
    (std::exp((t + run.checkpoint_s) / mean) * (t / mean - 1) < -1 ? low : high) = t;
  }
  return std::min(high, run.work_s);
}

}  // namespace pano::sim
