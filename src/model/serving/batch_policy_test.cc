#include "model/serving/batch_policy.h"

#include <gtest/gtest.h>

#include <vector>

namespace pano::serving {
namespace {

using std::chrono::milliseconds;

// Says what it was told to say.
class SetPolicy final : public BatchPolicy {
 public:
  explicit SetPolicy(BatchDecision decision) : decision_(decision) {}
  BatchDecision Decide(const BatchSnapshot&) const override { return decision_; }

 private:
  const BatchDecision decision_;
};

TEST(BatchPolicy, CountFittingTakesOneAtLeast) {
  const std::vector<WaitingItem> items = {{2, 50}, {1, 40}, {1, 20}};
  EXPECT_EQ(CountFitting({}, {}), 0u);
  EXPECT_EQ(CountFitting(items, {}), 3u);
  EXPECT_EQ(CountFitting(items, {.rows = 3}), 2u);
  EXPECT_EQ(CountFitting(items, {.tokens = 90}), 2u);
  EXPECT_EQ(CountFitting(items, {.tokens = 89}), 1u);
  EXPECT_EQ(CountFitting(items, {.rows = 0, .tokens = 0}), 1u);
}

TEST(BatchPolicy, NoPolicyExceedsTheStepsLimits) {
  const SetPolicy greedy({.take = 99, .tokens = 9999, .wait = Duration::max()});
  const std::vector<WaitingItem> items = {{1, 50}, {1, 40}, {1, 20}};
  BatchSnapshot rows{.waiting = items, .capacity = {.tokens = 90}};
  EXPECT_EQ(DecideWithin(greedy, rows).take, 2u);
  EXPECT_EQ(DecideWithin(greedy, rows).tokens, 0);
  BatchSnapshot tokens = rows;
  tokens.divisible = true;
  EXPECT_EQ(DecideWithin(greedy, tokens).take, 3u);  // begins in chunks
  EXPECT_EQ(DecideWithin(greedy, tokens).tokens, 90);
  EXPECT_LT(DecideWithin(greedy, tokens).wait, std::chrono::hours(24 * 366));
  const SetPolicy absurd({.take = 0, .tokens = -5, .wait = -milliseconds(5)});
  tokens.decoding_rows = 1;
  EXPECT_EQ(DecideWithin(absurd, tokens), (BatchDecision{}));
}

TEST(BatchPolicy, NoPolicyMakesTheLoopStandStillOrSpin) {
  const SetPolicy nothing({});
  const std::vector<WaitingItem> items = {{1, 50}};
  EXPECT_EQ(DecideWithin(nothing, {.waiting = items}).wait, milliseconds(1));
  // A prompt that has begun goes on, token by token if need be.
  const BatchDecision decision =
      DecideWithin(nothing, {.prefill_rows = 1, .divisible = true, .capacity = {.tokens = 8}});
  EXPECT_EQ(decision, (BatchDecision{.tokens = 1}));
  const SetPolicy no_tokens({.take = 1});
  EXPECT_EQ(DecideWithin(no_tokens, {.waiting = items, .divisible = true}).tokens, 1);
}

}  // namespace
}  // namespace pano::serving
