#include "model/engine/scheduler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>

#include "base/random.h"
#include "model/serving/continuous_batch_policy.h"

namespace pano::engine {
namespace {

// Builds snapshots in which every sequence has blocks of its own unless told otherwise; block ids are
// the same in every group, where the group's rule keeps them.
class Table {
 public:
  explicit Table(std::vector<int64_t> windows = {0}) : holders_(windows.size()) {
    for (int64_t window : windows) snapshot_.groups.push_back({{window}, 0, {}});
  }
  Table& Running(int64_t tokens, int64_t computed, bool paused = false, bool scores = false) {
    std::vector<BlockId> blocks(static_cast<size_t>(BlocksFor(computed)));
    for (BlockId& id : blocks) id = next_++;
    owned_.push_back(blocks);
    snapshot_.running.push_back({tokens, computed, Hold(blocks, computed), paused, scores});
    return *this;
  }
  // A sequence with the blocks of the running one, all computed but for one token.
  Table& RunningOnSharedBlocks(size_t with, int64_t tokens) {
    owned_.push_back(owned_[with]);
    snapshot_.running.push_back(
        {tokens, tokens - 1, Hold(owned_[with], tokens - 1), false, false});
    return *this;
  }
  // `idle` of its cached blocks, the last ones, are held by nobody.
  Table& Waiting(int64_t tokens, int64_t cached = 0, int64_t idle = 0, bool scores = false) {
    std::vector<BlockId> blocks(static_cast<size_t>(BlocksFor(cached)));
    for (BlockId& id : blocks) id = next_++;
    BlockLists lists = Hold(blocks, cached);
    for (auto& holders : holders_) {
      for (int64_t i = 0; i < idle; ++i) holders[static_cast<size_t>(next_ - 1 - i)] = 0;
    }
    snapshot_.waiting.push_back({tokens, cached, lists, scores});
    return *this;
  }
  // The same cached blocks as another one's first `cached` tokens, which are running or waiting.
  Table& WaitingOn(const BlockLists& lists, int64_t tokens, int64_t cached) {
    BlockLists mine;
    for (auto list : lists) mine.push_back(list.first(static_cast<size_t>(BlocksFor(cached))));
    snapshot_.waiting.push_back({tokens, cached, mine, false});
    return *this;
  }
  Snapshot& snapshot() { return snapshot_; }

  StepDecision Decide(int64_t available, SchedulerLimits limits = {},
                      int64_t prefill_beside_decodes = 0) {
    return Decide(std::vector<int64_t>(snapshot_.groups.size(), available), limits,
                  prefill_beside_decodes);
  }
  // As the engine does it, under its own policy.
  StepDecision Decide(std::vector<int64_t> available, SchedulerLimits limits = {},
                      int64_t prefill_beside_decodes = 0) {
    const serving::ContinuousBatchPolicy policy(
        {.tokens_max = limits.step_tokens_max, .prefill_beside_decodes = prefill_beside_decodes});
    return DecideBy(policy, std::move(available), limits);
  }
  StepDecision DecideBy(const serving::BatchPolicy& policy, std::vector<int64_t> available,
                        SchedulerLimits limits = {}) {
    for (size_t g = 0; g < available.size(); ++g) {
      snapshot_.groups[g].available = available[g];
      snapshot_.groups[g].holders = holders_[g];
    }
    std::vector<serving::WaitingItem> waiting;
    const serving::BatchSnapshot summary = Summarize(limits, snapshot_, waiting);
    return DecideStep(limits, snapshot_, serving::DecideWithin(policy, summary));
  }

 private:
  BlockLists Hold(std::vector<BlockId> blocks, int64_t position) {
    BlockLists lists;
    for (size_t g = 0; g < holders_.size(); ++g) {
      holders_[g].resize(static_cast<size_t>(next_));
      auto first = static_cast<size_t>(snapshot_.groups[g].rule.FirstBlock(position));
      auto& list = lists_.emplace_back(blocks);
      for (size_t i = 0; i < list.size(); ++i) {
        if (i < first) list[i] = kNoBlock;
        if (i >= first) ++holders_[g][static_cast<size_t>(list[i])];
      }
      lists.push_back(list);
    }
    return lists;
  }
  std::vector<std::vector<BlockId>> owned_;     // by running sequence
  std::deque<std::vector<BlockId>> lists_;
  std::vector<std::vector<int32_t>> holders_;   // by group
  BlockId next_ = 0;
  Snapshot snapshot_;
};

using Works = std::vector<Work>;
using Indexes = std::vector<size_t>;

TEST(DecideStep, ALongPromptLeavesDecodesTheirPace) {
  const SchedulerLimits limits;
  const int64_t beside = 32;
  // Beside one decode so many, beside forty half as many again; alone the whole budget.
  Table one;
  one.Running(10, 9).Running(2048, 0);
  EXPECT_EQ(one.Decide(1000, limits, beside).run, (std::vector<Work>{{0, 1}, {1, 32}}));
  Table many;
  for (int i = 0; i < 40; ++i) many.Running(10, 9);
  many.Running(2048, 0);
  EXPECT_EQ(many.Decide(1000, limits, beside).run.back(), (Work{40, 60}));
  // Twice as many wait as run, and more.
  Table crowd;
  crowd.Running(10, 9).Running(10, 9).Running(128, 0);
  for (int i = 0; i < 9; ++i) crowd.Waiting(128);
  int64_t tokens = 0;
  const StepDecision decision = crowd.Decide(1000, limits, beside);
  for (const Work& work : decision.run) tokens += work.tokens;
  for (const Work& work : decision.admit) tokens += work.tokens;
  EXPECT_EQ(tokens, 2 + 2 * 32);
  Table alone;
  alone.Running(2048, 0);
  EXPECT_EQ(alone.Decide(1000, limits, beside).run, (std::vector<Work>{{0, 512}}));
  Table waiting;
  waiting.Running(10, 9).Waiting(2048);
  EXPECT_EQ(waiting.Decide(1000, limits, beside).admit, (std::vector<Work>{{0, 32}}));
}

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

TEST(Scheduler, APromptMakesDoWithWhatThereIs) {
  // Two blocks are left: the younger decode needs one, the prompt takes the other.
  auto decision = Table().Running(300, 0).Running(33, 32).Decide(2);
  EXPECT_TRUE(decision.preempt.empty());
  EXPECT_EQ(decision.run, (Works{{0, 32}, {1, 1}}));
  // One is left: the older one has it, and so the younger one finds none.
  decision = Table().Running(300, 0).Running(33, 32).Decide(1);
  EXPECT_EQ(decision.preempt, (Indexes{1}));
  EXPECT_EQ(decision.run, (Works{{0, 64}}));
}

TEST(Scheduler, ACachedBlockIsTakenOnce) {
  // Two waiting ones share two idle blocks: 2 + 1 + 1 are needed, and room for the first to grow.
  Table table;
  table.Waiting(96, 64, 2);
  table.WaitingOn(table.snapshot().waiting[0].cached, 96, 64);
  EXPECT_EQ(table.Decide(5).admit.size(), 2u);
  EXPECT_EQ(table.Decide(4).admit.size(), 1u);
}

TEST(Scheduler, WhatAPausedOneSharesStaysTakenWhenItGivesWay) {
  // The waiting one's cached block is the paused one's: preempting that frees nothing.
  Table table;
  table.Running(32, 31, /*paused=*/true);
  table.WaitingOn(table.snapshot().running[0].blocks, 64, 32);
  auto decision = table.Decide(0);
  EXPECT_EQ(decision.preempt, (Indexes{0}));
  EXPECT_TRUE(decision.admit.empty());
  EXPECT_EQ(table.Decide(1).admit, (Works{{0, 32}}));
}

TEST(Scheduler, AWindowGroupCountsOnlyWhatIsSeen) {
  // 1000 tokens, of which a window of 40 sees three blocks at most.
  EXPECT_EQ(Table({0, 40}).Waiting(1000).Decide({32, 3}).admit, (Works{{0, 96}}));
  EXPECT_TRUE(Table({0, 40}).Waiting(1000).Decide({32, 2}).admit.empty());
  EXPECT_TRUE(Table({0, 40}).Waiting(1000).Decide({31, 3}).admit.empty());
  // A running prompt holds two of them and needs no more than one; the next one three.
  EXPECT_TRUE(Table({0, 40}).Running(1000, 512).Waiting(96).Decide({100, 4}).admit.empty());
  SchedulerLimits limits{.step_tokens_max = 64};
  EXPECT_EQ(Table({0, 40}).Running(1000, 512).Waiting(96).Decide({100, 5}, limits).admit.size(), 1u);
}

TEST(Scheduler, TheScarceGroupDecidesAboutPreemption) {
  // The full group has plenty; the window group has none, and 32 tokens are needed in both.
  auto decision = Table({0, 40}).Running(513, 512).Running(514, 513).Decide({100, 0});
  EXPECT_EQ(decision.preempt, (Indexes{1}));
  EXPECT_EQ(decision.run, (Works{{0, 1}}));
  decision = Table({0, 40}).Running(513, 512).Running(514, 513).Decide({0, 100});
  EXPECT_EQ(decision.preempt, (Indexes{1}));
  // A chunk is cut to what a window group has room for.
  decision = Table({40}).Running(2000, 96).Decide(3);
  EXPECT_EQ(decision.run, (Works{{0, 96}}));
}

// Whatever the snapshot: what the policy hands out is there, block by block, in every group.
TEST(Scheduler, NothingIsPromisedTwice) {
  for (uint64_t seed = 1; seed <= 3000; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    std::vector<int64_t> windows;
    for (uint64_t g = 0, groups = 1 + random.Below(3); g < groups; ++g) {
      windows.push_back(std::vector<int64_t>{0, 1, 5, 32, 33, 100}[random.Below(6)]);
    }
    Table table(windows);
    Snapshot& snapshot = table.snapshot();
    for (uint64_t i = 0, count = random.Below(6); i < count; ++i) {
      auto computed = static_cast<int64_t>(random.Below(200));
      if (i > 0 && random.Below(3) == 0) {
        table.RunningOnSharedBlocks(0, snapshot.running[0].computed + 1);
      } else {
        int64_t ahead = random.Below(2) == 0 ? 1 : 1 + static_cast<int64_t>(random.Below(100));
        table.Running(computed + ahead, computed, random.Below(4) == 0);
      }
    }
    for (uint64_t i = 0, count = random.Below(4); i < count; ++i) {
      const uint64_t blocks = random.Below(4);
      const auto cached = static_cast<int64_t>(32 * blocks);
      int64_t tokens = cached + 1 + static_cast<int64_t>(random.Below(100));
      if (random.Below(2) == 0 && !snapshot.waiting.empty() &&
          snapshot.waiting[0].cached_tokens > 0) {
        table.WaitingOn(snapshot.waiting[0].cached, tokens, snapshot.waiting[0].cached_tokens);
      } else {
        table.Waiting(tokens, cached, static_cast<int64_t>(random.Below(1 + blocks)));
      }
    }
    std::vector<int64_t> left;
    for (size_t g = 0; g < windows.size(); ++g) {
      left.push_back(static_cast<int64_t>(random.Below(8)));
    }
    StepDecision decision =
        table.Decide(left, {.step_tokens_max = 1 + static_cast<int64_t>(random.Below(200))});
    for (size_t g = 0; g < windows.size(); ++g) {
      std::vector<int32_t> holders(snapshot.groups[g].holders.begin(),
                                   snapshot.groups[g].holders.end());
      auto add = [&](std::span<const BlockId> ids, int32_t n) {
        for (BlockId id : ids) {
          if (id == kNoBlock) continue;
          int32_t& holder = holders[static_cast<size_t>(id)];
          if (holder == 0 && n > 0) --left[g];
          holder += n;
          if (holder == 0) ++left[g];
        }
      };
      for (size_t i : decision.preempt) add(snapshot.running[i].blocks[g], -1);
      for (const Work& work : decision.admit) add(snapshot.waiting[work.index].cached[g], 1);
      for (const Work& work : decision.run) {
        const RunningView& view = snapshot.running[work.index];
        ASSERT_EQ(std::ranges::count(decision.preempt, work.index), 0);
        left[g] -= std::max<int64_t>(0, BlocksFor(view.computed + work.tokens) -
                                            static_cast<int64_t>(view.blocks[g].size()));
      }
      for (const Work& work : decision.admit) {
        const WaitingView& view = snapshot.waiting[work.index];
        left[g] -= BlocksFor(view.cached_tokens + work.tokens) - BlocksFor(view.cached_tokens);
      }
      ASSERT_GE(left[g], 0) << "group " << g;
    }
  }
}

TEST(Scheduler, EverySequenceMovesUnderTheSmallestBudget) {
  auto decision =
      Table().Running(100, 10).Running(5, 4).Decide(50, {.step_tokens_max = 2, .sequences_max = 2});
  EXPECT_EQ(decision.run, (Works{{0, 1}, {1, 1}}));
}

}  // namespace
}  // namespace pano::engine
