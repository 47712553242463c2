#include "model/serving/core.h"

#include <gtest/gtest.h>

#include <thread>

#include "model/serving/continuous_batch_policy.h"
#include "model/serving/testing/recording_observer.h"

namespace pano::serving {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Names = std::vector<std::string>;
using Values = std::vector<double>;

// Keeps what it learns.
class RememberingPolicy final : public BatchPolicy {
 public:
  explicit RememberingPolicy(std::vector<BatchOutcome>& learned) : learned_(learned) {}
  BatchDecision Decide(const BatchSnapshot&) const override { return {}; }
  void Learn(const BatchOutcome& outcome) override { learned_.push_back(outcome); }

 private:
  std::vector<BatchOutcome>& learned_;
};

class CoreTest : public ::testing::Test {
 protected:
  ManualClock clock_;
  testing::RecordingObserver recorded_;
  std::vector<BatchOutcome> learned_;
  Core core_{clock_, 1, recorded_.observer(), std::make_unique<RememberingPolicy>(learned_)};
};

TEST_F(CoreTest, RefusalsAreCountedByReason) {
  EXPECT_TRUE(core_.Enter("a", "").ok());
  EXPECT_EQ(core_.Enter("b", "").code(), StatusCode::kExhausted);
  core_.Begin("a", milliseconds(3));
  EXPECT_EQ(core_.Enter("a", "").code(), StatusCode::kAlreadyExists);
  core_.CountRejection(RejectionReason::kContext);
  core_.ledger().Leave("a");
  EXPECT_TRUE(core_.Drain(seconds(1)));
  EXPECT_EQ(core_.Enter("c", "").code(), StatusCode::kUnavailable);
  EXPECT_EQ(recorded_.rejected.names(), (Names{"queue_full", "context", "draining"}));
  EXPECT_EQ(core_.ledger().Get().rejections, 3);
  EXPECT_EQ(recorded_.queue_seconds.values(), (Values{0.003}));
}

TEST_F(CoreTest, AStepIsCountedObservedAndLearned) {
  core_.CountStep({.rows = 3, .tokens = 40, .computed = milliseconds(500)});
  core_.CountStep({.rows = 1, .tokens = 1, .computed = milliseconds(250)});
  core_.stats().running_rows = 3;
  core_.CountEnd(EndReason::kDeadline);
  EXPECT_EQ(core_.ledger().Get().steps, 0);  // not published yet
  core_.Publish(/*runnable=*/true, /*stepped=*/true);
  const Stats stats = core_.ledger().Get();
  EXPECT_EQ(stats.steps, 2);
  EXPECT_EQ(stats.running_rows, 3);
  EXPECT_EQ(stats.cancellations, 1);
  EXPECT_EQ(recorded_.step_seconds.values(), (Values{0.5, 0.25}));
  EXPECT_EQ(recorded_.step_tokens.values(), (Values{40, 1}));
  EXPECT_EQ(recorded_.step_rows.values(), (Values{3, 1}));
  EXPECT_EQ(recorded_.ended.names(), (Names{"deadline"}));
  ASSERT_EQ(learned_.size(), 2u);
  EXPECT_EQ(learned_[0].tokens, 40);
}

TEST_F(CoreTest, ADrainTellsTheLoopThatNothingMoreComesAndInTheEndToCancel) {
  ASSERT_TRUE(core_.Enter("a", "").ok());
  std::jthread loop([this] {
    Wakeup::Orders orders = core_.wakeup().Look();
    while (!orders.cancel_all) {
      if (orders.draining) clock_.Advance(seconds(1));
      std::this_thread::sleep_for(milliseconds(1));
      orders = core_.wakeup().Look();
    }
    core_.CountEnd(EndReason::kShutdown);
    core_.ledger().Leave("a");
  });
  EXPECT_FALSE(core_.Drain(milliseconds(1)));
  loop.join();
  EXPECT_EQ(recorded_.ended.names(), (Names{"shutdown"}));
}

TEST(Core, NothingNeedsToBeObserved) {
  ManualClock clock;
  Core core(clock, 1, {}, std::make_unique<ContinuousBatchPolicy>(ContinuousBatchOptions{}));
  ASSERT_TRUE(core.Enter("a", "").ok());
  core.Begin("a", Duration::zero());
  core.CountStep({});
  core.CountEnd(EndReason::kClient);
  EXPECT_FALSE(core.Enter("a", "").ok());
}

}  // namespace
}  // namespace pano::serving
