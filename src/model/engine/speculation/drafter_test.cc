#include "model/engine/speculation/drafter.h"

#include <gtest/gtest.h>

namespace pano::engine {
namespace {

// Has as many drafts as it is asked for, all of the same token.
class EagerSource final : public DraftSource {
 public:
  explicit EagerSource(TokenId token) : token_(token) {}
  void Propose(std::span<DraftRequest> requests) override {
    for (DraftRequest& request : requests) {
      requested.push_back(request.count);
      if (request.draft.empty()) request.draft.assign(static_cast<size_t>(request.count), token_);
    }
  }
  void Forget(SequenceKey key) override { forgotten.push_back(key); }

  std::vector<int64_t> requested;
  std::vector<SequenceKey> forgotten;

 private:
  const TokenId token_;
};

// Sequences in the middle of their output, and a step in which they decode.
class DrafterTest : public testing::Test {
 protected:
  void Make(Options options, int64_t blocks, std::vector<int64_t> windows = {0}) {
    items_.clear();
    actives_.clear();  // hold blocks
    KvPlan plan;
    for (int64_t window : windows) {
      plan.groups.push_back({window});
      plan.block_counts.push_back(static_cast<int>(blocks));
    }
    kv_.emplace(plan);
    auto source = std::make_unique<EagerSource>(5);
    source_ = source.get();
    DraftSources sources;
    sources.push_back(std::move(source));
    drafter_.emplace(options, *kv_, std::move(sources));
  }

  // Of `length` tokens, one of them output, all computed but that one.
  StepItem& Add(int64_t length, int64_t max_tokens = 1000, size_t capacity = 1000,
                int choices = 1) {
    auto& active = actives_.emplace_back(std::make_unique<ActiveRequest>());
    active->request.prompt.assign(static_cast<size_t>(length - 1), 3);
    active->request.max_tokens = max_tokens;
    active->request.sampling.seed = 1;
    active->order = actives_.size();
    active->unfinished = choices;
    active->ending_tokens = {9};
    active->stream = std::make_shared<TokenStream>("r", choices, capacity);
    auto& sequence =
        active->sequences.emplace_back(std::make_unique<Sequence>(*active, 0, nullptr));
    sequence->state = Sequence::State::kRunning;
    sequence->blocks = kv_->NewTables();
    sequence->Accept({.id = 4, .top = {}}, TimePoint());
    sequence->computed = length - 1;
    kv_->Extend(sequence->blocks, length);
    return items_.emplace_back(StepItem{sequence.get(), 1});
  }

  std::vector<size_t> Draft(int64_t running = 1) {
    drafter_->Draft(items_, running);
    std::vector<size_t> drafts;
    for (const StepItem& item : items_) {
      drafts.push_back(item.draft.size());
      const auto end =
          item.sequence->computed + item.tokens + static_cast<int64_t>(item.draft.size());
      for (const BlockTable& table : item.sequence->blocks) {
        EXPECT_EQ(table.size(), static_cast<size_t>(BlocksFor(end)));
      }
    }
    return drafts;
  }

  static Options Fixed(int64_t drafts, int64_t step_tokens = 512) {
    return {.step_tokens_max = step_tokens, .speculation = {.draft_tokens = drafts}};
  }

  std::optional<KvPool> kv_;
  std::optional<Drafter> drafter_;
  std::vector<std::unique_ptr<ActiveRequest>> actives_;
  EagerSource* source_ = nullptr;
  std::vector<StepItem> items_;
};

using Sizes = std::vector<size_t>;

TEST_F(DrafterTest, NobodyGetsMoreThanTheRequestAllows) {
  Make(Fixed(7), 100);
  Add(10);
  Add(10, 4);  // one has come out, one comes anyway
  Add(10, 2);
  Add(10, 1000, 3);  // the reader has room for three
  Add(10, 1000, 9, 3);
  EXPECT_EQ(Draft(5), (Sizes{7, 2, 0, 2, 2}));
  EXPECT_EQ(source_->requested, (std::vector<int64_t>{7, 2, 2, 2}));
}

TEST_F(DrafterTest, TheStepsBudgetIsKept) {
  Make(Fixed(7, 12), 100);
  Add(10);
  Add(10);
  Add(10);
  EXPECT_EQ(Draft(3), (Sizes{7, 2, 0}));
}

TEST_F(DrafterTest, PromptsAreNotDraftedFor) {
  Make(Fixed(7), 100);
  StepItem& item = Add(10);
  item.sequence->computed = 5;
  item.tokens = 3;
  Add(10);
  EXPECT_EQ(Draft(2), (Sizes{0, 7}));
}

TEST_F(DrafterTest, ByItselfItStopsAtFewRows) {
  Make({}, 100);
  for (int i = 0; i < 3; ++i) Add(10);
  for (StepItem& item : items_) item.sequence->acceptance = {.rate = 1, .idle_steps = 0, .begun = true};
  Sizes drafts = Draft(3);
  EXPECT_EQ(drafts[0] + drafts[1] + drafts[2], 8u - 3u);
  items_.clear();
  for (int i = 0; i < 9; ++i) Add(10);
  EXPECT_EQ(Draft(9), Sizes(9));
}

TEST_F(DrafterTest, ByItselfItStopsWhereRowsAreDear) {
  Make({}, 100);
  StepItem& item = Add(10);
  item.sequence->acceptance = {.rate = 0.8, .idle_steps = 0, .begun = true};
  EXPECT_GT(Draft()[0], 3u);
  for (int i = 0; i < 20; ++i) {
    item.draft.clear();
    drafter_->Observe(items_, 1e-3);
    item.draft.assign(7, 5);
    drafter_->Observe(items_, 8e-3);
  }
  item.draft.clear();
  EXPECT_EQ(Draft(), (Sizes{0}));
}

TEST_F(DrafterTest, DraftsTakeNoBlockThatOthersNeed) {
  // One of three blocks is left: with two that run, the other one may need it.
  Make(Fixed(7), 3);
  Add(30);
  Add(32);
  EXPECT_EQ(Draft(2), (Sizes{2, 0}));
  EXPECT_EQ(kv_->free(), 1);
  // One is to spare: the first to ask takes it.
  Make(Fixed(7), 4);
  Add(32);
  Add(30);
  Add(29);
  EXPECT_EQ(kv_->free(), 1);
  EXPECT_EQ(Draft(1), (Sizes{7, 2, 3}));
}

TEST_F(DrafterTest, EveryGroupNeedsRoom) {
  Make(Fixed(7), 3, {0, 5});
  Add(30);
  std::vector<BlockRef> taken;
  taken.push_back(*kv_->allocator(1).Allocate());
  taken.push_back(*kv_->allocator(1).Allocate());
  EXPECT_EQ(Draft(), (Sizes{2}));
}

TEST_F(DrafterTest, NothingIsDraftedBehindTheEnd) {
  Make(Fixed(7), 100);
  StepItem& item = Add(10);
  item.sequence->active().ending_tokens = {5};
  EXPECT_EQ(Draft(), (Sizes{1}));
  drafter_->Forget(*item.sequence);
  EXPECT_EQ(source_->forgotten, (std::vector<SequenceKey>{item.sequence->key()}));
}

TEST_F(DrafterTest, WithoutSourcesNothingHappens) {
  Make(Fixed(7), 100);
  drafter_.emplace(Fixed(7), *kv_, DraftSources());
  Add(10);
  EXPECT_EQ(Draft(), (Sizes{0}));
}

}  // namespace
}  // namespace pano::engine
