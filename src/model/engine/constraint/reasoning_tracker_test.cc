#include "model/engine/constraint/reasoning_tracker.h"

#include <gtest/gtest.h>

namespace pano::engine {
namespace {

ReasoningLimit Limit(std::string open = "") {
  return {.tokens_max = 2, .open = std::move(open), .close = "</t>", .closing = {7, 8}};
}

TEST(ReasoningTracker, ForcesItsEndBehindTheLastToken) {
  const ReasoningLimit limit = Limit();
  ReasoningTracker tracker(&limit);
  EXPECT_EQ(tracker.Forced(), -1);
  EXPECT_EQ(tracker.FreeTokens(), 2u);
  tracker.Accept(1, "a");
  tracker.Accept(2, "b");
  EXPECT_EQ(tracker.FreeTokens(), 0u);
  EXPECT_EQ(tracker.Forced(), 7);
  tracker.Accept(7, "\n");
  EXPECT_EQ(tracker.Forced(), 8);
  tracker.Accept(8, "</t>");
  EXPECT_EQ(tracker.Forced(), -1);
  EXPECT_GT(tracker.FreeTokens(), 1000u);
}

TEST(ReasoningTracker, ModelsThatEndByThemselvesAreLeftAlone) {
  const ReasoningLimit limit = Limit();
  ReasoningTracker tracker(&limit);
  tracker.Accept(1, "x</");
  tracker.Accept(2, "t>y");
  EXPECT_EQ(tracker.Forced(), -1);
}

TEST(ReasoningTracker, WaitsForTheOpeningMark) {
  const ReasoningLimit limit = Limit("<t>");
  ReasoningTracker thinks(&limit);
  thinks.Accept(1, "\n<");
  thinks.Accept(2, "t>");
  EXPECT_EQ(thinks.Forced(), -1);
  thinks.Accept(3, "a");
  thinks.Accept(4, "b");
  EXPECT_EQ(thinks.Forced(), 7);
  ReasoningTracker answers(&limit);
  for (int i = 0; i < 9; ++i) answers.Accept(1, "a");
  EXPECT_EQ(answers.Forced(), -1);
}

TEST(ReasoningTracker, WaitsWhereTheMarkDoesNotFitYet) {
  const ReasoningLimit limit = Limit();
  ReasoningTracker tracker(&limit);
  tracker.Accept(1, "a");
  tracker.Accept(2, "\xe2");
  tracker.CannotForce();
  EXPECT_EQ(tracker.Forced(), 7);
  tracker.Accept(3, "\x82\xac");
  EXPECT_EQ(tracker.Forced(), 7);
  tracker.Accept(7, "\n");
  tracker.CannotForce();   // nothing to be done: it is left alone
  EXPECT_EQ(tracker.Forced(), -1);
}

TEST(ReasoningTracker, NoLimitIsNone) {
  EXPECT_EQ(ReasoningTracker(nullptr).Forced(), -1);
}

}  // namespace
}  // namespace pano::engine
