#include "model/engine/kv/kv_plan.h"

#include <gtest/gtest.h>

namespace pano::engine {
namespace {

using Kind = nn::StateGroup::Kind;

constexpr nn::StateGroup kFull{Kind::kPaged, 1, 1000, 0};

nn::StateGroup Window(int64_t window, size_t bytes = 500) {
  return {Kind::kWindow, 5, bytes, window};
}

std::vector<int> Counts(std::vector<nn::StateGroup> groups, Options options) {
  if (options.context_max == 0) options.context_max = 32 * 1000;
  auto plan = PlanKvMemory({std::move(groups)}, options);
  EXPECT_TRUE(plan.ok()) << plan.status().ToString();
  return plan.ok() ? plan->block_counts : std::vector<int>();
}

TEST(KvGroup, SaysWhatAQuerySees) {
  EXPECT_EQ(KvGroup{0}.FirstBlock(1000), 0);
  EXPECT_EQ(KvGroup{1}.FirstBlock(31), 0);
  EXPECT_EQ(KvGroup{1}.FirstBlock(32), 1);
  EXPECT_EQ(KvGroup{32}.FirstBlock(62), 0);
  EXPECT_EQ(KvGroup{32}.FirstBlock(63), 1);
  for (int64_t window : {1, 2, 5, 31, 32, 33, 34, 64, 65, 66, 100}) {
    int64_t most = 0;
    for (int64_t position = 0; position < 500; ++position) {
      KvGroup group{window};
      const int64_t first = group.FirstBlock(position);
      // The first block is seen, those before it are not.
      EXPECT_LE(position - window + 1, 32 * first + 31);
      EXPECT_LE(32 * first, std::max<int64_t>(0, position - window + 1));
      most = std::max(most, position / 32 + 1 - first);
    }
    EXPECT_EQ(KvGroup{window}.SpanBlocks(), most) << window;
  }
}

TEST(KvPlan, WindowGroupsGetWhatTheySee) {
  Options options{.step_tokens_max = 64, .sequences_max = 4, .kv_blocks = 5000};
  // 3 blocks are seen, one more for each of 4 sequences, twice that, and 2 of a step.
  EXPECT_EQ(Counts({kFull, Window(40)}, options), (std::vector<int>{5000, 34}));
  EXPECT_EQ(Counts({Window(1), kFull, kFull}, options), (std::vector<int>{18, 5000, 5000}));
  options.kv_blocks = 20;   // never more than the others
  EXPECT_EQ(Counts({kFull, Window(40)}, options), (std::vector<int>{20, 20}));
  // A window that is wider than the context is none.
  options.kv_blocks = 5000;
  EXPECT_EQ(Counts({kFull, Window(INT64_MAX)}, options), (std::vector<int>{5000, 5000}));
}

TEST(KvPlan, AllGroupsTogetherStayWithinTheBytes) {
  Options options{.step_tokens_max = 64, .sequences_max = 4, .kv_bytes_max = 100'000};
  EXPECT_EQ(Counts({kFull}, options), (std::vector<int>{100}));
  EXPECT_EQ(Counts({kFull, kFull}, options), (std::vector<int>{50, 50}));
  EXPECT_EQ(Counts({kFull, Window(40)}, options), (std::vector<int>{83, 34}));
  options.kv_bytes_max = 20'000;   // no use for windows of their own
  EXPECT_EQ(Counts({kFull, Window(40)}, options), (std::vector<int>{13, 13}));
  options.kv_bytes_max = INT64_MAX;   // what everybody can use
  EXPECT_EQ(Counts({kFull, Window(40)}, options), (std::vector<int>{4000, 34}));
  EXPECT_EQ(Counts({Window(40), Window(100)}, options), (std::vector<int>{34, 50}));
}

TEST(KvPlan, WithoutAFullGroupTheWidestWindowCounts) {
  Options options{.step_tokens_max = 64, .sequences_max = 4, .kv_blocks = 5000};
  EXPECT_EQ(Counts({Window(40)}, options), (std::vector<int>{5000}));
  EXPECT_EQ(Counts({Window(40), Window(100)}, options), (std::vector<int>{34, 5000}));
  options.kv_blocks = 0;
  options.kv_bytes_max = 10'000;
  EXPECT_EQ(Counts({Window(40)}, options), (std::vector<int>{20}));
}

TEST(KvPlan, ASequenceMustFitAlone) {
  Options options{.step_tokens_max = 64, .sequences_max = 4, .kv_blocks = 4, .context_max = 5000};
  EXPECT_EQ(PlanKvMemory({{kFull, Window(5)}}, options)->context_max, 128);
  EXPECT_EQ(PlanKvMemory({{Window(97)}}, options)->context_max, 5000);   // 4 blocks are seen
  EXPECT_EQ(PlanKvMemory({{Window(98)}}, options)->context_max, 128);
  EXPECT_EQ(PlanKvMemory({{Window(130)}}, options)->context_max, 128);
}

TEST(KvPlan, RefusesWhatItCannotDo) {
  Options options{.kv_bytes_max = 999, .context_max = 100};
  EXPECT_EQ(PlanKvMemory({{kFull}}, options).status().code(), StatusCode::kExhausted);
  auto fixed = PlanKvMemory({{kFull, {Kind::kFixed, 1, 8, 0}}}, {.context_max = 100});
  EXPECT_EQ(fixed.status().code(), StatusCode::kUnimplemented);
  EXPECT_NE(fixed.status().message().find("group 1 is of kind 'fixed'"), std::string::npos);
  EXPECT_EQ(PlanKvMemory({{Window(0)}}, options).status().code(), StatusCode::kInternal);
  EXPECT_EQ(PlanKvMemory({}, options).status().code(), StatusCode::kInternal);
  // Nothing overflows.
  EXPECT_TRUE(PlanKvMemory({{kFull, Window(1 << 30, SIZE_MAX / 4)}},
                           {.step_tokens_max = INT64_MAX, .sequences_max = INT64_MAX,
                            .kv_bytes_max = INT64_MAX, .context_max = INT64_MAX}).ok());
}

}  // namespace
}  // namespace pano::engine
