#include "model/serving/ledger.h"

#include <gtest/gtest.h>

#include <thread>

#include "model/serving/reasons.h"

namespace pano::serving {
namespace {

using std::chrono::seconds;

TEST(Ledger, ABoundedQueueWithItsRefusals) {
  ManualClock clock;
  Ledger ledger(clock, 2);
  EXPECT_TRUE(ledger.Enter("a").ok());
  EXPECT_TRUE(ledger.Enter("b").ok());
  EXPECT_EQ(ledger.Enter("c").code(), StatusCode::kExhausted);
  ledger.Begin("a");  // makes a place
  EXPECT_EQ(ledger.Enter("a").code(), StatusCode::kAlreadyExists);
  EXPECT_TRUE(ledger.Enter("c").ok());
  Stats stats = ledger.Get();
  EXPECT_EQ(stats.waiting_requests, 2);
  EXPECT_EQ(stats.running_requests, 1);
  EXPECT_EQ(stats.rejections, 1);  // an id that is taken is the caller's own mistake
  ledger.Leave("b");               // without having been begun
  ledger.Leave("a");
  ledger.CountRejection();
  stats = ledger.Get();
  EXPECT_EQ(stats.waiting_requests, 1);
  EXPECT_EQ(stats.running_requests, 0);
  EXPECT_EQ(stats.rejections, 2);
  EXPECT_TRUE(ledger.Enter("a").ok());
  EXPECT_FALSE(ledger.empty());
}

TEST(Ledger, PublishesTheLoopsFigures) {
  ManualClock clock;
  Ledger ledger(clock, 2);
  ledger.Publish({.running_rows = 3, .steps = 7, .cancellations = 1, .tokens = {1, 2, 3}}, false,
                 false);
  Stats stats = ledger.Get();
  EXPECT_EQ(stats.running_rows, 3);
  EXPECT_EQ(stats.steps, 7);
  EXPECT_EQ(stats.cancellations, 1);
  EXPECT_EQ(stats.tokens, (TokenCounts{1, 2, 3}));
}

TEST(Ledger, ProgressIsMissedOnlyWhileThereIsWork) {
  ManualClock clock;
  Ledger ledger(clock, 2);
  clock.Advance(seconds(5));
  EXPECT_EQ(ledger.Get().seconds_since_progress, 0);
  ASSERT_TRUE(ledger.Enter("a").ok());
  clock.Advance(seconds(5));
  EXPECT_EQ(ledger.Get().seconds_since_progress, 5);
  ledger.Publish({}, /*runnable=*/true, /*stepped=*/true);
  clock.Advance(seconds(1));
  EXPECT_EQ(ledger.Get().seconds_since_progress, 1);
  ledger.Publish({}, /*runnable=*/false, /*stepped=*/false);
  EXPECT_EQ(ledger.Get().seconds_since_progress, 0);
}

TEST(Ledger, RetryAfterFollowsBusyTime) {
  ManualClock clock;
  Ledger ledger(clock, 10);
  EXPECT_EQ(ledger.RetryAfterSeconds(), 1);
  double busy = 0;
  for (const char* id : {"a", "b", "c"}) {
    ASSERT_TRUE(ledger.Enter(id).ok());
    ledger.Begin(id);
    ledger.Publish({.busy_seconds = busy += 3}, true, true);
    ledger.Leave(id);
    clock.Advance(seconds(1000));  // idle time is no slowness
  }
  ASSERT_TRUE(ledger.Enter("d").ok());
  ASSERT_TRUE(ledger.Enter("e").ok());
  EXPECT_EQ(ledger.RetryAfterSeconds(), 9);
}

TEST(Ledger, CountsByTenant) {
  ManualClock clock;
  Ledger ledger(clock, 10, /*tenants_max=*/2);
  ASSERT_TRUE(ledger.Enter("1", "a").ok());
  ASSERT_TRUE(ledger.Enter("2", "b").ok());
  ASSERT_TRUE(ledger.Enter("3", "a").ok());
  ASSERT_TRUE(ledger.Enter("4", "c").ok());
  ledger.Begin("3");
  ledger.AddTokens("3", {.input = 4});
  ledger.AddTokens("4", {.input = 5});
  ledger.Leave("1");
  std::vector<TenantStats> tenants = ledger.GetTenants();
  ASSERT_EQ(tenants.size(), 3u);
  EXPECT_EQ(tenants[0].tenant, "a");
  EXPECT_EQ(tenants[0].waiting_requests, 0);
  EXPECT_EQ(tenants[0].running_requests, 1);
  EXPECT_EQ(tenants[0].requests, 2);
  EXPECT_EQ(tenants[0].tokens.input, 4);
  EXPECT_EQ(tenants[1].tenant, "b");
  EXPECT_EQ(tenants[1].waiting_requests, 1);
  EXPECT_EQ(tenants[2].tenant, TenantAccounts::kOther);
  EXPECT_EQ(tenants[2].tokens.input, 5);
}

// A deadline that the request alone would miss was found out at its end only.
TEST(Ledger, ADeadlineLeavesTimeForTheRequestItself) {
  ManualClock clock;
  Ledger ledger(clock, 10);
  const auto in = [&](int ms) { return clock.Now() + std::chrono::milliseconds(ms); };
  EXPECT_TRUE(ledger.Enter("unknown", "", in(1), 1'000'000).ok());   // nothing is known of steps yet
  ledger.Leave("unknown");
  LoopStats stats;
  for (int64_t tokens = 1; tokens <= 64; ++tokens) stats.cost.Observe(tokens, 0.010 + 0.001 * static_cast<double>(tokens));
  stats.tokens = {.input = 1000};
  ledger.Publish(stats, false, false);
  // 200 tokens and what a step costs: 210 ms, half of which is certain.
  const Status refused = ledger.Enter("late", "", in(100), 200);
  EXPECT_EQ(refused.code(), StatusCode::kDeadline);
  EXPECT_EQ(refused.reason(), kDeadlineCannotBeMet);
  EXPECT_NE(refused.message().find("it takes"), std::string::npos);
  EXPECT_TRUE(ledger.Enter("in time", "", in(110), 200).ok());
  // Where three of four tokens were found in the cache, as many may be again.
  stats.tokens.cached = 3000;
  ledger.Publish(stats, false, false);
  EXPECT_TRUE(ledger.Enter("cached", "", in(40), 200).ok());
}

TEST(Ledger, ADrainThatFinishesCancelsNothing) {
  ManualClock clock;
  Ledger ledger(clock, 10);
  ASSERT_TRUE(ledger.Enter("a").ok());
  std::jthread loop([&] {
    clock.AwaitWaiters(1);
    ledger.Leave("a");
  });
  EXPECT_TRUE(ledger.Drain(seconds(60), [] { FAIL(); }));
  EXPECT_EQ(ledger.Enter("b").code(), StatusCode::kUnavailable);
  EXPECT_EQ(ledger.Get().rejections, 1);
  EXPECT_TRUE(ledger.Drain(Duration::max(), [] { FAIL(); }));  // nobody is in
}

TEST(Ledger, ADrainThatTakesTooLongCancelsTheRest) {
  ManualClock clock;
  Ledger ledger(clock, 10);
  ASSERT_TRUE(ledger.Enter("a").ok());
  std::jthread time([&] {
    clock.AwaitWaiters(1);
    clock.Advance(seconds(60));
  });
  int cancelled = 0;
  EXPECT_FALSE(ledger.Drain(seconds(60), [&] {
    ++cancelled;
    ledger.Leave("a");
  }));
  EXPECT_EQ(cancelled, 1);
  EXPECT_TRUE(ledger.empty());
}

}  // namespace
}  // namespace pano::serving
