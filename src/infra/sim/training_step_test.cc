#include "infra/sim/training_step.h"

#include <gtest/gtest.h>

namespace pano::sim {
namespace {

// BERT-large on ranks that reach 50 TFLOP/s.
TrainingStep Bert() {
  TrainingStep step;
  step.parameters = 340e6;
  step.tokens_per_rank = 16 * 512;
  step.flops_s = 50e12;
  return step;
}

auto Rate(double bytes_s, double alpha = 0) {
  return [=](double bytes) -> Result<double> { return alpha + bytes / bytes_s; };
}

TEST(TrainingStepTest, BehindTheBackwardPassAllOfItIsExposed) {
  TrainingStep step = Bert();
  step.bucket_bytes = 0;
  const auto run = SimulateTrainingStep(step, Rate(1.5625e9));  // 2 S/B on 25 GbE
  ASSERT_TRUE(run.ok());
  EXPECT_NEAR(run->compute_s, 0.334, 0.001);
  EXPECT_NEAR(run->step_s, 0.334 + 0.435, 0.001);
  EXPECT_NEAR(run->exposed, 0.566, 0.001);
}

TEST(TrainingStepTest, WhatOverlapsCostsContentionAndTheLastBucketIsExposed) {
  TrainingStep step = Bert();
  step.contention = 0.19;
  const auto run = SimulateTrainingStep(step, Rate(6.25e9));
  ASSERT_TRUE(run.ok());
  ASSERT_EQ(run->buckets.size(), 28u);
  EXPECT_GT(run->exposed, 0.03);
  EXPECT_LT(run->exposed, 0.08);
  // Everything else is as without contention.
  step.contention = 0;
  const auto free = SimulateTrainingStep(step, Rate(6.25e9));
  // The last bucket is a small one, so the one before may still move when its gradients are there.
  const auto& last = free->buckets.back();
  const auto& before = free->buckets[free->buckets.size() - 2];
  EXPECT_GE(free->step_s - free->compute_s, last.end_s - last.begin_s - 1e-9);
  EXPECT_LE(free->step_s - free->compute_s, last.end_s - last.begin_s + before.end_s - before.begin_s + 1e-9);
  EXPECT_LT(free->step_s, run->step_s);
}

TEST(TrainingStepTest, BucketsMoveInTurnAndNoneBeforeItsGradientsAreThere) {
  const auto run = SimulateTrainingStep(Bert(), Rate(1e9, 1e-3));
  ASSERT_TRUE(run.ok());
  Time free = 0;
  double bytes = 0;
  for (const Bucket& bucket : run->buckets) {
    EXPECT_GE(bucket.begin_s, bucket.ready_s);
    EXPECT_GE(bucket.begin_s, free);
    free = bucket.end_s;
    bytes += bucket.bytes;
  }
  EXPECT_NEAR(bytes, 680e6, 1);
  EXPECT_DOUBLE_EQ(run->step_s, free);
}

TEST(TrainingStepTest, SlowRanksHoldTheOthersUp) {
  TrainingStep step = Bert();
  step.ranks = 64;
  step.straggler_sigma = 0.1;
  EXPECT_GT(SimulateTrainingStep(step, Rate(1e12))->exposed, 0.05);
}

TEST(TrainingStepTest, RefusesNonsense) {
  TrainingStep step = Bert();
  step.flops_s = 0;
  EXPECT_FALSE(SimulateTrainingStep(step, Rate(1)).ok());
  step = Bert();
  step.parameters = -1;
  EXPECT_FALSE(SimulateTrainingStep(step, Rate(1)).ok());
  step = Bert();
  step.layers = 0;
  EXPECT_FALSE(SimulateTrainingStep(step, Rate(1)).ok());
  EXPECT_FALSE(SimulateTrainingStep(Bert(), [](double) -> Result<double> { return InvalidArgument("no network"); }).ok());
}

}  // namespace
}  // namespace pano::sim
