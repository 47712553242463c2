#include "infra/sim/schedule_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <set>
#include <tuple>
#include <vector>

#include "infra/sim/all_reduce_run.h"
#include "infra/sim/phased_schedule.h"
#include "infra/sim/tree_schedule.h"

namespace pano::sim {
namespace {

using testing::HasSubstr;

cluster::Fabric Make(int64_t nodes, int64_t gpus, int64_t nics = 1, int64_t leaf = 0, double oversubscription = 1, double intra_gb_s = 235) {
  cluster::Fabric out;
  out.nodes = nodes;
  out.gpus_per_node = gpus;
  out.intra = {3.4e-6, intra_gb_s * 1e9};
  out.inter = {9.6e-6, 12.5e9};
  out.nics_per_node = nics;
  out.leaf_nodes = leaf > 0 ? leaf : nodes;
  out.oversubscription = oversubscription;
  return out;
}

std::vector<cluster::Fabric> Fabrics() {
  return {Make(1, 4), Make(1, 7), Make(2, 1), Make(5, 1), Make(8, 1), Make(4, 4), Make(6, 2), Make(8, 8, 8), Make(8, 8, 2), Make(8, 4, 4, 8, 1, 6),
          Make(16, 4, 1, 4, 2), Make(8, 2, 2, 2, 4), Make(12, 4, 4, 4, 1)};
}

// What a simulation has to do with its closed form: the same where that describes the schedule.
TEST(ScheduleRunTest, SchedulesTakeWhatTheirClosedFormsSay) {
  for (const cluster::Fabric& fabric : Fabrics()) {
    for (const AllReduce algorithm : ApplicableTo(fabric)) {
      for (const double bytes : {0.0, 1e3, 3e6, 2e9}) {
        const double model = EstimateAllReduce(algorithm, fabric, bytes).seconds;
        const auto run = SimulateAllReduce(algorithm, fabric, bytes);
        ASSERT_TRUE(run.ok()) << run.error().message();
        const std::string what = std::string(NameOf(algorithm)) + " on " + std::to_string(fabric.nodes) + " x " + std::to_string(fabric.gpus_per_node);
        if (algorithm == AllReduce::kDoubleTree || algorithm == AllReduce::kInNetwork) {
          const bool oversubscribed = fabric.nodes > fabric.leaf_nodes && fabric.oversubscription > 1;
          if (!oversubscribed || algorithm == AllReduce::kInNetwork) {
            EXPECT_LE(run->seconds, 1.5 * model) << what;
          }
          EXPECT_GE(run->seconds, algorithm == AllReduce::kDoubleTree ? LowerBound(fabric, bytes) : LowerBound(fabric, bytes) / 2) << what;
          continue;
        }
        const bool halving = algorithm == AllReduce::kRhd || algorithm == AllReduce::kTwoLevelRhd;
        const auto halved = static_cast<uint64_t>(fabric.nodes > 1 ? fabric.nodes : fabric.gpus_per_node);
        if (halving && !std::has_single_bit(halved)) {
          EXPECT_LE(run->seconds, model * (1 + 1e-9)) << what;  // folding
        } else {
          EXPECT_NEAR(run->seconds, model, 1e-9 * model) << what;
        }
      }
    }
  }
}

// Jumping over steps that are alike changes nothing.
TEST(ScheduleRunTest, JumpingIsTheSameAsSimulatingEveryMessage) {
  int64_t jumped = 0;
  for (const cluster::Fabric& fabric : Fabrics()) {
    for (const AllReduce algorithm : ApplicableTo(fabric)) {
      if (algorithm == AllReduce::kDoubleTree || algorithm == AllReduce::kInNetwork) continue;
      const PhasedSchedule schedule = PhasedSchedule::ForAllReduce(algorithm, fabric, 5e8);
      for (const double sigma : {0.0, 0.3}) {
        RunOptions options;
        options.conditions.straggler_sigma = sigma;
        const auto with = RunSchedule(schedule, fabric, options);
        options.jump = false;
        const auto without = RunSchedule(schedule, fabric, options);
        ASSERT_TRUE(with.ok() && without.ok());
        EXPECT_NEAR(with->seconds, without->seconds, 1e-9 * without->seconds);
        EXPECT_EQ(without->jumped_steps, 0);
        EXPECT_LE(with->messages, without->messages);
        jumped += with->jumped_steps;
      }
    }
  }
  EXPECT_GT(jumped, 100);
}

TEST(ScheduleRunTest, TwoRunsAreTheSameToTheBit) {
  const cluster::Fabric fabric = Make(16, 4, 2, 4, 2);
  for (const AllReduce algorithm : ApplicableTo(fabric)) {
    const Conditions conditions{.straggler_sigma = 0.2, .seed = 5};
    const auto a = SimulateAllReduce(algorithm, fabric, 1e8, 1, conditions), b = SimulateAllReduce(algorithm, fabric, 1e8, 1, conditions);
    ASSERT_TRUE(a.ok() && b.ok());
    EXPECT_EQ(a->seconds, b->seconds);
    EXPECT_EQ(a->messages, b->messages);
  }
}

// Every rank's data has to reach every rank: follow who has heard of whom, message by message, as an
// all-reduce's data would.
TEST(ScheduleRunTest, EverybodyHearsOfEverybody) {
  for (const cluster::Fabric& fabric : Fabrics()) {
    for (const AllReduce algorithm : ApplicableTo(fabric)) {
      if (algorithm == AllReduce::kDoubleTree || algorithm == AllReduce::kInNetwork) continue;
      const PhasedSchedule schedule = PhasedSchedule::ForAllReduce(algorithm, fabric, 1e6);
      std::vector<std::set<int64_t>> heard(static_cast<size_t>(fabric.ranks()));
      for (size_t r = 0; r < heard.size(); ++r) heard[r].insert(static_cast<int64_t>(r));
      for (int64_t step = 0; step < schedule.steps(); ++step) {
        const auto before = heard;
        for (int64_t a = 0; a < schedule.actors(); ++a) {
          const Schedule::Move move = schedule.At(a, step);
          if (move.kind == Schedule::Kind::kNothing) continue;
          heard[static_cast<size_t>(move.to)].insert(before[static_cast<size_t>(move.from)].begin(), before[static_cast<size_t>(move.from)].end());
        }
      }
      for (const auto& of : heard) EXPECT_EQ(of.size(), heard.size()) << NameOf(algorithm);
    }
  }
}

TEST(ScheduleRunTest, TreesAreBinaryAndANodeHasChildrenInOneOfThemOnly) {
  for (const int64_t nodes : {2, 3, 4, 5, 6, 7, 8, 13, 16, 100}) {
    std::vector<int> children(static_cast<size_t>(nodes));
    for (int64_t i = 1; i < nodes; ++i) {
      const int64_t parent = DoubleTreeSchedule::ParentInTree(i, nodes);
      ASSERT_TRUE(parent >= 0 && parent < nodes && parent != i);
      ++children[static_cast<size_t>(parent)];
    }
    for (int64_t i = 0; i < nodes; ++i) {
      EXPECT_LE(children[static_cast<size_t>(i)], 2);
      if (i % 2 == 1) {
        EXPECT_EQ(children[static_cast<size_t>(i)], 0);
      }
    }
  }
}

TEST(ScheduleRunTest, StragglersSlowARingDownAsMuchAsTheSlowestOfThem) {
  const cluster::Fabric fabric = Make(16, 1);
  const double straight = SimulateAllReduce(AllReduce::kRing, fabric, 1e9)->seconds;
  const double slow = SimulateAllReduce(AllReduce::kRing, fabric, 1e9, 1, {.straggler_sigma = 0.2})->seconds;
  EXPECT_GT(slow, 1.1 * straight);
  EXPECT_LT(slow, 3 * straight);
}

// A node whose NICs carry a part of what they should, all along: in a ring everybody goes at its pace, as the closed form of a fabric with such
// NICs says. Half of the time slow, half of the steps are.
TEST(ScheduleRunTest, ASlowNodeSetsThePaceOfARing) {
  cluster::Fabric fabric = Make(16, 1);
  const double straight = EstimateAllReduce(AllReduce::kRing, fabric, 1e9).seconds;
  const auto slow = SimulateAllReduce(AllReduce::kRing, fabric, 1e9, 1, {.faults = {{.node = 5, .factor = 0.25}}});
  ASSERT_TRUE(slow.ok()) << slow.error().message();
  fabric.inter.bytes_s /= 4;
  const double paced = EstimateAllReduce(AllReduce::kRing, fabric, 1e9).seconds;
  EXPECT_NEAR(slow->seconds, paced, 0.01 * paced);
  const auto half = SimulateAllReduce(AllReduce::kRing, Make(16, 1), 1e9, 1, {.faults = {{.node = 5, .at_s = straight / 2, .factor = 0.25}}});
  ASSERT_TRUE(half.ok());
  EXPECT_NEAR(half->seconds, straight / 2 + paced / 2, 0.02 * paced);
}

TEST(ScheduleRunTest, AFaultHoldsEverybodyUpAndOneForEverIsAnError) {
  const cluster::Fabric fabric = Make(8, 2);
  const double straight = SimulateAllReduce(AllReduce::kTwoLevel, fabric, 1e9)->seconds;
  const auto held = SimulateAllReduce(AllReduce::kTwoLevel, fabric, 1e9, 1, {.faults = {{.node = 3, .at_s = straight / 2, .seconds = 5}}});
  ASSERT_TRUE(held.ok());
  EXPECT_NEAR(held->seconds, straight + 5, 0.02);
  const auto cut = SimulateAllReduce(AllReduce::kTwoLevel, fabric, 1e9, 1, {.faults = {{.node = 3, .at_s = straight / 2}}});
  ASSERT_FALSE(cut.ok());
  EXPECT_EQ(cut.error().code(), StatusCode::kUnavailable);
  const auto nobody = SimulateAllReduce(AllReduce::kTwoLevel, fabric, 1e9, 1, {.faults = {{.node = 99}}});
  EXPECT_THAT(nobody.error().message(), HasSubstr("node 99"));
}

TEST(ScheduleRunTest, SegmentsOverlapPhases) {
  const cluster::Fabric fabric = Make(16, 8, 8);
  const double one = SimulateAllReduce(AllReduce::kTwoLevel, fabric, 4e9)->seconds;
  const auto many = SimulateAllReduce(AllReduce::kTwoLevel, fabric, 4e9, 16);
  ASSERT_TRUE(many.ok());
  EXPECT_LT(many->seconds, 0.9 * one);
}

TEST(ScheduleRunTest, ARingOfManyRanksIsSimulatedByJumping) {
  const auto run = SimulateAllReduce(AllReduce::kRing, Make(512, 8), 1e9);
  ASSERT_TRUE(run.ok());
  EXPECT_LT(run->messages, 4096 * 100);
  EXPECT_NEAR(run->seconds, EstimateAllReduce(AllReduce::kRing, Make(512, 8), 1e9).seconds, 1e-9);
}

}  // namespace
}  // namespace pano::sim
