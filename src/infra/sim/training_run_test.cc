#include "infra/sim/training_run.h"

#include <gtest/gtest.h>

#include <cmath>

namespace pano::sim {
namespace {

TrainingRun Month() {
  TrainingRun run;
  run.work_s = 30 * 86400.0;
  run.nodes = 128;
  run.node_mtbf_s = 50'000 * 3600.0 / 100;   // every 3.9 hours one of the 128
  run.checkpoint_s = 60;
  run.checkpoint_every_s = 1800;
  run.restart_s = 600;
  return run;
}

TEST(TrainingRunTest, WithoutFailuresOnlyCheckpointsCost) {
  TrainingRun run = Month();
  run.node_mtbf_s = 1e15;
  const auto found = SimulateTrainingRun(run);
  ASSERT_TRUE(found.ok());
  EXPECT_NEAR(found->seconds, run.work_s * 1860 / 1800, 1e-3);
  EXPECT_EQ(found->failures, 0);
  EXPECT_NEAR(ExpectedTrainingRun(run).seconds, found->seconds, 1e-3);
}

// The mean over many runs is the closed form.
TEST(TrainingRunTest, TheMeanIsThatOfTheFormula) {
  for (const double every : {600.0, 1800.0, 7200.0, 50'000.0}) {
    TrainingRun run = Month();
    run.checkpoint_every_s = every;
    const TrainingRunFigures wanted = ExpectedTrainingRun(run);
    double seconds = 0, failures = 0;
    constexpr int kRuns = 4000;
    for (int seed = 1; seed <= kRuns; ++seed) {
      run.seed = static_cast<uint64_t>(seed);
      const auto found = SimulateTrainingRun(run);
      ASSERT_TRUE(found.ok());
      seconds += found->seconds / kRuns;
      failures += found->failures / kRuns;
    }
    EXPECT_NEAR(seconds, wanted.seconds, 0.01 * wanted.seconds) << every;
    EXPECT_NEAR(failures, wanted.failures, 0.01 * wanted.failures) << every;
  }
}

TEST(TrainingRunTest, NoOtherIntervalIsExpectedToBeFaster) {
  TrainingRun run = Month();
  const double best = BestCheckpointInterval(run);
  const double mean = run.node_mtbf_s / 128;
  EXPECT_NEAR(best, std::sqrt(2 * run.checkpoint_s * mean), 0.1 * best);   // Young
  run.work_s = 1e6 * best;   // whole segments
  run.checkpoint_every_s = best;
  const double least = ExpectedTrainingRun(run).seconds;
  for (const double factor : {0.5, 0.9, 0.99, 1.01, 1.1, 2.0}) {
    run.checkpoint_every_s = best * factor;
    EXPECT_LT(least, ExpectedTrainingRun(run).seconds) << factor;
  }
}

TEST(TrainingRunTest, GivesUpWhereNothingGetsDone) {
  TrainingRun run = Month();
  run.node_mtbf_s = 60;
  const auto found = SimulateTrainingRun(run);
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().code(), StatusCode::kExhausted);
  run.node_mtbf_s = 0;
  EXPECT_EQ(SimulateTrainingRun(run).error().code(), StatusCode::kInvalidArgument);
  run = Month();
  run.checkpoint_every_s = 1e-5;
  EXPECT_EQ(SimulateTrainingRun(run).error().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace pano::sim
