#include "infra/sim/training_step.h"

#include <gtest/gtest.h>

#include <cmath>

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

// A synchronous step takes what its slowest rank takes; behind the backward pass nothing hides, so the step is the sum.
TEST(TrainingStepTest, AStepIsThatOfItsSlowestRank) {
  TrainingStep step = Bert();
  step.bucket_bytes = 0;
  step.ranks = 64;
  step.slow_rank = 1.7;
  const auto run = SimulateTrainingStep(step, Rate(6.8e9));
  ASSERT_TRUE(run.ok());
  EXPECT_DOUBLE_EQ(run->slowest, 1.7);
  EXPECT_NEAR(run->step_s, 1.7 * step.ComputeSeconds() + 0.1, 1e-12);
  EXPECT_NEAR(run->exposed, 1 - step.ComputeSeconds() / run->step_s, 1e-12);
}

TEST(TrainingStepTest, TheMeanOfTheSlowestIsThatOfTheirDistribution) {
  EXPECT_DOUBLE_EQ(ExpectedSlowest(0, 64), 1);
  // One rank: the mean of exp(sigma |z|) is 2 exp(sigma^2/2) Phi(sigma).
  EXPECT_NEAR(ExpectedSlowest(0.3, 1), 2 * std::exp(0.045) * 0.5 * std::erfc(-0.3 / std::sqrt(2.0)), 1e-9);
  for (const double sigma : {0.05, 0.2, 0.6}) {
    for (const int64_t ranks : {1, 8, 64, 1024}) {
      TrainingStep step = Bert();
      step.bucket_bytes = 0;
      step.ranks = ranks;
      step.straggler_sigma = sigma;
      double mean = 0;
      constexpr int kSteps = 3000;
      for (int i = 0; i < kSteps; ++i) {
        step.seed = static_cast<uint64_t>(i);
        mean += SimulateTrainingStep(step, Rate(1e12))->slowest / kSteps;
      }
      EXPECT_NEAR(mean, ExpectedSlowest(sigma, ranks), 0.02 * mean) << sigma << " " << ranks;
    }
  }
}

// While the network is out computing goes on, and what was to move moves later: behind the backward pass all of it shows.
TEST(TrainingStepTest, AnOutageHoldsUpWhatMoves) {
  TrainingStep step = Bert();
  step.contention = 0;
  step.bucket_bytes = 0;
  const double straight = SimulateTrainingStep(step, Rate(6.8e9))->step_s;
  const auto with = [&](double at, double seconds) {
    step.outage_at_s = at;
    step.outage_s = seconds;
    return SimulateTrainingStep(step, Rate(6.8e9))->step_s;
  };
  EXPECT_DOUBLE_EQ(with(0.1, 0.2), straight);                      // over before anything moves
  EXPECT_DOUBLE_EQ(with(straight - 0.05, 2), straight + 2);        // in the middle of it
  EXPECT_DOUBLE_EQ(with(0.1, 1), 1.1 + 0.1);                       // it begins as the outage ends
  EXPECT_DOUBLE_EQ(with(straight + 1, 1), straight);
  // With buckets that hide behind the backward pass a short one costs nothing.
  step.bucket_bytes = 25e6;
  step.outage_s = 0;
  const double hidden = SimulateTrainingStep(step, Rate(6.8e10))->step_s;
  step.outage_at_s = 0.15;
  step.outage_s = 0.05;
  EXPECT_NEAR(SimulateTrainingStep(step, Rate(6.8e10))->step_s, hidden, 1e-12);
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
