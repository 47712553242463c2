#include "model/engine/scheduler.h"

#include <gtest/gtest.h>

#include <deque>

namespace pano::engine {
namespace {

// Builds snapshots in which every sequence has blocks of its own unless told otherwise.
class Table {
 public:
  Table& Running(int64_t tokens, int64_t computed, bool paused = false, bool scores = false) {
    auto& blocks = tables_.emplace_back();
    for (int64_t i = 0; i < computed; i += nn::kBlockTokens) blocks.push_back(NewBlock());
    snapshot_.running.push_back({tokens, computed, blocks, paused, scores});
    return *this;
  }
  // A decode whose only block is the one of the running sequence before it, and a second one full.
  Table& RunningOnSharedBlocks(size_t with, int64_t tokens) {
    auto& blocks = tables_.emplace_back(tables_[with]);
    for (BlockId id : blocks) ++holders_[static_cast<size_t>(id)];
    snapshot_.running.push_back({tokens, tokens - 1, blocks, false, false});
    return *this;
  }
  Table& Waiting(int64_t tokens, int64_t cached = 0, int64_t idle = 0, bool scores = false) {
    snapshot_.waiting.push_back({tokens, cached, idle, scores});
    return *this;
  }
  StepDecision Decide(int64_t available, SchedulerLimits limits = {}) {
    snapshot_.blocks_available = available;
    snapshot_.holders = holders_;
    return DecideStep(limits, snapshot_);
  }

 private:
  BlockId NewBlock() {
    holders_.push_back(1);
    return static_cast<BlockId>(holders_.size() - 1);
  }
  std::deque<std::vector<BlockId>> tables_;
  std::vector<int32_t> holders_;
  Snapshot snapshot_;
};

using Works = std::vector<Work>;
using Indexes = std::vector<size_t>;

TEST(Scheduler, DecodesComeFirstThenPromptsUpToTheBudget) {
  auto decision = Table().Running(10, 9).Running(1000, 64).Running(20, 19).Decide(
      100, {.step_tokens_max = 34});
  EXPECT_EQ(decision.run, (Works{{0, 1}, {1, 32}, {2, 1}}));
  EXPECT_TRUE(decision.preempt.empty());
}

TEST(Scheduler, ALongPromptLeavesHalfToYoungerOnes) {
  // 96 for prompts: 48 for the oldest, 24 of the rest for the next, the last takes what it needs, and
  // what is left over goes back.
  auto decision = Table().Running(1000, 0).Running(500, 0).Running(10, 0).Decide(
      100, {.step_tokens_max = 96});
  EXPECT_EQ(decision.run, (Works{{0, 62}, {1, 24}, {2, 10}}));
}

TEST(Scheduler, AdmitsInOrderWhileBudgetLasts) {
  auto decision = Table().Waiting(10).Waiting(200).Waiting(5).Decide(100, {.step_tokens_max = 40});
  EXPECT_EQ(decision.admit, (Works{{0, 10}, {1, 15}, {2, 5}}));
  // Nobody overtakes: the first does not fit, so the second waits too.
  decision = Table().Running(33, 32).Waiting(320).Waiting(5).Decide(10);
  EXPECT_TRUE(decision.admit.empty());
  EXPECT_EQ(decision.run, (Works{{0, 1}}));
}

TEST(Scheduler, RespectsTheNumberOfSequences) {
  auto decision =
      Table().Running(5, 4).Waiting(4).Waiting(4).Waiting(4).Decide(100, {.sequences_max = 3});
  EXPECT_EQ(decision.admit, (Works{{0, 4}, {1, 4}}));
}

TEST(Scheduler, CountsCachedPrefixes) {
  // 3 blocks in all, 2 cached; idle ones stop being available when they are taken.
  EXPECT_EQ(Table().Waiting(96, 64, 0).Decide(1).admit, (Works{{0, 32}}));
  EXPECT_TRUE(Table().Running(5, 4).Waiting(96, 64, 2).Decide(3).admit.empty());
  EXPECT_EQ(Table().Running(5, 4).Waiting(96, 64, 2).Decide(4).admit, (Works{{0, 32}}));
}

TEST(Scheduler, AdmissionLeavesRoomForWhatRunningPromptsStillNeed) {
  // The running prompt still needs 4 of the 7 blocks after this step, and one more to grow.
  SchedulerLimits limits{.step_tokens_max = 64};
  EXPECT_TRUE(Table().Running(192, 32).Waiting(64).Decide(6, limits).admit.empty());
  EXPECT_EQ(Table().Running(192, 32).Waiting(64).Decide(8, limits).admit.size(), 1u);
}

TEST(Scheduler, PreemptsTheYoungest) {
  auto decision = Table().Running(33, 32).Running(40, 39).Running(70, 69).Decide(0);
  EXPECT_EQ(decision.preempt, (Indexes{2}));
  EXPECT_EQ(decision.run, (Works{{0, 1}, {1, 1}}));
}

TEST(Scheduler, TheYoungestGivesWayItself) {
  auto decision = Table().Running(40, 39).Running(33, 32).Waiting(4).Decide(0);
  EXPECT_EQ(decision.preempt, (Indexes{1}));
  EXPECT_EQ(decision.run, (Works{{0, 1}}));
  EXPECT_TRUE(decision.admit.empty());   // not in a step that preempted
}

TEST(Scheduler, SharedBlocksComeFreeWithTheirLastHolder) {
  auto decision = Table().Running(33, 32).Running(32, 31).RunningOnSharedBlocks(1, 32).Decide(0);
  EXPECT_EQ(decision.preempt, (Indexes{2, 1}));
  EXPECT_EQ(decision.run, (Works{{0, 1}}));
}

TEST(Scheduler, PausedSequencesGetNoWorkAndGiveWayFirst) {
  auto decision = Table().Running(33, 32, /*paused=*/true).Running(33, 32).Running(33, 32).Decide(1);
  EXPECT_EQ(decision.preempt, (Indexes{0}));
  EXPECT_EQ(decision.run, (Works{{1, 1}, {2, 1}}));
  EXPECT_TRUE(Table().Running(5, 4, true).Decide(1).run.empty());
}

TEST(Scheduler, PausedSequencesDoNotKeepOthersOut) {
  auto decision = Table().Running(64, 63, true).Running(32, 31, true).Waiting(96).Decide(1);
  EXPECT_EQ(decision.preempt, (Indexes{1, 0}));
  EXPECT_EQ(decision.admit, (Works{{0, 96}}));
  decision = Table().Running(9, 8, true).Waiting(9).Decide(50, {.sequences_max = 1});
  EXPECT_EQ(decision.preempt, (Indexes{0}));
  EXPECT_EQ(decision.admit.size(), 1u);
}

TEST(Scheduler, RowsOfScoredPromptsAreBounded) {
  SchedulerLimits limits{.step_tokens_max = 512, .scored_rows_max = 64};
  auto decision = Table().Running(300, 0, false, true).Waiting(300).Waiting(200, 0, 0, true).Decide(
      100, limits);
  EXPECT_EQ(decision.run, (Works{{0, 64}}));
  EXPECT_EQ(decision.admit.front(), (Work{0, 224}));
  EXPECT_EQ(decision.admit.size(), 1u);
}

TEST(Scheduler, EverySequenceMovesUnderTheSmallestBudget) {
  auto decision =
      Table().Running(100, 10).Running(5, 4).Decide(50, {.step_tokens_max = 2, .sequences_max = 2});
  EXPECT_EQ(decision.run, (Works{{0, 1}, {1, 1}}));
}

}  // namespace
}  // namespace pano::engine
