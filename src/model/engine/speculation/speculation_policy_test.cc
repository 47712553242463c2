#include "model/engine/speculation/speculation_policy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "base/random.h"
#include "model/nn/model.h"

namespace pano::engine {
namespace {

using Counts = std::vector<int64_t>;

DraftView View(double rate, int64_t room = 100, int64_t idle_steps = 0) {
  return {room, {rate, idle_steps}};
}

TEST(SpeculationPolicy, DraftsAsManyAsPay) {
  struct Case {
    int64_t rows;
    std::vector<DraftView> sequences;
    Counts want;
  };
  const std::vector<Case> cases = {
      {0, {}, {}},
      // The better they were, the more.
      {1, {View(1)}, {7}},
      {1, {View(0.9)}, {7}},
      {1, {View(0.5)}, {2}},
      {1, {View(0.3)}, {1}},
      {1, {View(0.1)}, {0}},
      // Never beyond what there is room for.
      {1, {View(1, 3)}, {3}},
      {1, {View(1, 0)}, {0}},
      {1, {View(1, -1)}, {0}},
      // A step with many rows is no longer bound by the weights: prompts, or many sequences.
      {4, {View(1)}, {4}},
      {8, {View(1)}, {0}},
      {500, {View(1), View(1)}, {0, 0}},
      {8,
       {View(1), View(1), View(1), View(1), View(1), View(1), View(1), View(1)},
       {0, 0, 0, 0, 0, 0, 0, 0}},
      // What is worth it alone is not beside others.
      {4, {View(0.3), View(0.3), View(0.3), View(0.3)}, {0, 0, 0, 0}},
      // Rows go where they are most likely right.
      {2, {View(0.2), View(1)}, {0, 6}},
      {2, {View(0.95), View(0.95)}, {3, 3}},
      // Now and then somebody without drafts gets one.
      {1, {View(0.05, 100, 63)}, {0}},
      {1, {View(0.05, 100, 64)}, {1}},
      {2, {View(0.05, 100, 90), View(0.05, 100, 3)}, {1, 0}},
      {3, {View(0.05, 100, 90), View(0.05, 100, 90), View(1)}, {1, 1, 3}},
      {8, {View(0.05, 100, 90)}, {0}},
  };
  for (size_t i = 0; i < cases.size(); ++i) {
    EXPECT_EQ(PlanDrafts({}, {cases[i].rows, cases[i].sequences}), cases[i].want) << "case " << i;
  }
}

TEST(SpeculationPolicy, AFixedNumberLooksAtRoomOnly) {
  const SpeculationLimits limits{.rows_max = 20, .draft_max = 5, .adaptive = false};
  EXPECT_EQ(PlanDrafts(limits, {3, {View(0), View(0.5, 2), View(1)}}), (Counts{5, 2, 5}));
  EXPECT_EQ(PlanDrafts(limits, {12, {View(0), View(0), View(0)}}), (Counts{5, 3, 0}));
  EXPECT_EQ(PlanDrafts(limits, {30, {View(1), View(1, -2)}}), (Counts{0, 0}));
}

TEST(SpeculationPolicy, DearDraftsHaveToBeBetter) {
  SpeculationLimits limits;
  limits.row_cost = 0.3;
  EXPECT_EQ(PlanDrafts(limits, {1, {View(0.5)}}), (Counts{1}));
  EXPECT_EQ(PlanDrafts(limits, {1, {View(0.25)}}), (Counts{0}));
  limits.row_cost = 1.5;
  EXPECT_EQ(PlanDrafts(limits, {1, {View(1)}}), (Counts{0}));
  EXPECT_EQ(PlanDrafts(limits, {1, {View(1, 100, 64)}}), (Counts{1}));  // it may have become less
}

TEST(SpeculationPolicy, StaysWithinItsLimits) {
  Random random(3);
  for (int round = 0; round < 2000; ++round) {
    SpeculationLimits limits{.rows_max = static_cast<int64_t>(random.Below(20)),
                             .draft_max = static_cast<int64_t>(random.Below(9)),
                             .adaptive = random.Below(2) == 0};
    DraftSnapshot snapshot;
    for (uint64_t i = random.Below(6); i > 0; --i) {
      snapshot.sequences.push_back(View(random.Uniform(),
                                        static_cast<int64_t>(random.Below(12)) - 2,
                                        static_cast<int64_t>(random.Below(100))));
    }
    snapshot.rows = static_cast<int64_t>(snapshot.sequences.size() + random.Below(10));
    Counts counts = PlanDrafts(limits, snapshot);
    ASSERT_EQ(counts.size(), snapshot.sequences.size());
    for (size_t i = 0; i < counts.size(); ++i) {
      ASSERT_GE(counts[i], 0);
      ASSERT_LE(counts[i], std::max<int64_t>(0, snapshot.sequences[i].room));
      ASSERT_LE(counts[i], limits.draft_max);
    }
    const int64_t sum = std::accumulate(counts.begin(), counts.end(), int64_t{0});
    ASSERT_LE(snapshot.rows + sum, std::max(snapshot.rows, limits.rows_max));
  }
}

TEST(Acceptance, MissesEndItAndHitsStartItAgain) {
  Acceptance acceptance;
  auto planned = [&] { return PlanDrafts({}, {1, {{100, acceptance}}})[0]; };
  int64_t misses = 0;
  for (; planned() > 0 && misses < 100; ++misses) acceptance.Learn(planned(), 0);
  EXPECT_LT(misses, 10);
  int64_t idle = 0;
  for (; planned() == 0 && idle < 1000; ++idle) acceptance.Learn(0, 0);
  EXPECT_GT(idle, 10);
  EXPECT_EQ(planned(), 1);
  for (int i = 0; i < 12; ++i) acceptance.Learn(planned(), planned());
  EXPECT_EQ(planned(), 7);
  EXPECT_LT(acceptance.rate, 1);
}

TEST(Acceptance, IsTheRateOfWhatWasLookedAt) {
  Acceptance acceptance;
  for (int i = 0; i < 200; ++i) acceptance.Learn(7, 3);  // three of four that count
  EXPECT_GT(acceptance.rate, 0.55);
  EXPECT_LT(acceptance.rate, 0.85);
}

TEST(SpeculationPolicy, OneStateForAllTokensCannotGoBack) {
  using Kind = nn::StateGroup::Kind;
  EXPECT_TRUE(
      CanRewind({{{Kind::kPaged, 1, 8, 0}, {Kind::kWindow, 1, 8, 5}, {Kind::kLatent, 1, 8, 0}}}));
  EXPECT_FALSE(CanRewind({{{Kind::kPaged, 1, 8, 0}, {Kind::kFixed, 1, 8, 0}}}));
}

// A new sequence starts from what the others' drafts were worth: where those never pay it costs one
// guess to see whether it is another kind of text.
TEST(Acceptance, BeginsWhereTheOthersStand) {
  SharedAcceptance others;
  EXPECT_EQ(others.rate(), 0.5);
  for (int i = 0; i < 300; ++i) others.Learn(1, 0);
  EXPECT_LT(others.rate(), 0.01);
  Acceptance fresh;
  fresh.Begin(others.rate());
  EXPECT_EQ(fresh.rate, others.rate());
  auto drafts = [&] { return PlanDrafts({}, {1, {{7, fresh}}})[0]; };
  int64_t guesses = 0;
  for (int step = 0; step < 128; ++step) {
    const int64_t count = drafts();
    guesses += count;
    fresh.Learn(count, 0);
  }
  EXPECT_EQ(guesses, 2);  // the ninth step, and 64 idle ones later
  // One that pays is found out by the first guess, and goes on.
  Acceptance good;
  good.Begin(others.rate());
  fresh = good;
  guesses = 0;
  for (int step = 0; step < 128; ++step) {
    const int64_t count = drafts();
    guesses += count;
    fresh.Learn(count, count);
  }
  EXPECT_GT(guesses, 300);
  // Only once: what is known of a sequence stays.
  const double known = fresh.rate;
  fresh.Begin(0.1);
  EXPECT_EQ(fresh.rate, known);
  for (int i = 0; i < 300; ++i) others.Learn(3, 3);
  EXPECT_GT(others.rate(), 0.95);
}

}  // namespace
}  // namespace pano::engine
