#include "model/train/token_rows.h"

#include <gtest/gtest.h>

#include <map>

namespace pano::train {
namespace {

std::vector<TokenSequence> Counting(int count) {
  std::vector<TokenSequence> stories;
  for (int i = 0; i < count; ++i) stories.push_back({10 * i + 1, 10 * i + 2, 10 * i + 3});
  return stories;
}

TEST(TokenRows, TargetsAreOneFurtherOn) {
  TokenRows rows(Counting(40), 4, 8, 1);
  EXPECT_EQ(rows.token_count(), 40 * 4 + 1);
  EXPECT_EQ(rows.steps_per_epoch(), (160 / 8 - 1) / 4);
  TokenBatch batch = rows.Batch(1);
  ASSERT_EQ(batch.inputs.size(), 32u);
  for (size_t i = 0; i + 1 < 32; ++i) EXPECT_EQ(batch.targets[i], batch.inputs[i + 1]);
}

TEST(TokenRows, StoriesStayWholeBetweenEndTokens) {
  TokenRows rows(Counting(40), 4, 8, 1);
  TokenBatch batch = rows.Batch(1);
  for (size_t i = 0; i < 32; ++i) {
    int64_t in = batch.inputs[i], next = batch.targets[i];
    if (in == 0) {
      EXPECT_EQ(next % 10, 1);
    } else {
      EXPECT_EQ(next, in % 10 == 3 ? 0 : in + 1);
    }
  }
}

TEST(TokenRows, AStepDependsOnSeedAndNumberOnly) {
  TokenRows a(Counting(40), 4, 8, 1), b(Counting(40), 4, 8, 1), c(Counting(40), 4, 8, 2);
  int64_t later = 3 * a.steps_per_epoch() + 2;
  for (int64_t step = 1; step < later; ++step) a.Batch(step);
  EXPECT_EQ(a.Batch(later).inputs, b.Batch(later).inputs);  // b has not seen the steps before
  EXPECT_NE(b.Batch(1).inputs, c.Batch(1).inputs);
  EXPECT_NE(b.Batch(1).inputs, b.Batch(1 + b.steps_per_epoch()).inputs);  // shuffled anew
}

TEST(TokenRows, NothingIsSeenTwiceInAnEpoch) {
  TokenRows rows(Counting(40), 4, 8, 3);
  std::map<int64_t, int> seen;
  for (int64_t step = 1; step <= rows.steps_per_epoch(); ++step) {
    for (int64_t id : rows.Batch(step).inputs) ++seen[id];
  }
  seen.erase(0);
  for (auto [id, count] : seen) EXPECT_EQ(count, 1) << id;
  EXPECT_GT(seen.size(), 80u);
}

TEST(TokenRows, SaysWhatIsTooLittle) {
  EXPECT_TRUE(TokenRows::Fills(161, 4, 8));
  EXPECT_FALSE(TokenRows::Fills(40, 4, 8));
  EXPECT_FALSE(TokenRows::Fills(1, 1, 2));
}

}  // namespace
}  // namespace pano::train
