#include "model/batch/job_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace pano::batch {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using std::chrono::milliseconds;

TimePoint At(int ms) { return TimePoint(milliseconds(ms)); }

class JobQueueTest : public ::testing::Test {
 protected:
  // A request of one row; how it was refused, or "".
  std::string Enter(const std::string& id, int at_ms, int64_t priority = 0, std::optional<Duration> timeout = {}) {
    PredictRequest request;
    request.inputs.texts.push_back({.ids = {1, 2}});
    const Result<int64_t> level = queue_.TakePlace(priority);
    if (!level.ok()) return level.error().message();
    queue_.Enter(std::make_shared<Job>(id, std::move(request), At(at_ms)), *level, timeout);
    return "";
  }
  std::vector<std::string> Take(size_t count) {
    std::vector<std::string> ids;
    for (const Slice& slice : queue_.TakeFirst(count)) ids.push_back(slice.job->id());
    return ids;
  }
  std::vector<std::string> Over(int at_ms) {
    std::vector<std::string> ids;
    for (const JobQueue::Over& over : queue_.TakeOver(At(at_ms), false)) {
      ids.push_back(over.job->id() + (over.queue_timeout ? " waited too long" : ""));
    }
    return ids;
  }

  serving::Wakeup wakeup_;
  JobQueue queue_{wakeup_};
};

TEST_F(JobQueueTest, GoesByLevelThenByArrival) {
  queue_.SetBatching({.priority_levels = 3, .default_priority_level = 2});
  Enter("low", 0, 3);
  Enter("default", 1);
  Enter("urgent", 2, 1);
  Enter("default too", 3, 2);
  EXPECT_EQ(queue_.Oldest().items.size(), 4u);
  EXPECT_THAT(Take(3), ElementsAre("urgent", "default", "default too"));
  EXPECT_THAT(Take(3), ElementsAre("low"));
}

// Without an end of urgent requests the others were never served.
TEST_F(JobQueueTest, NoLevelStarves) {
  queue_.SetBatching({.priority_levels = 3, .default_priority_level = 3});
  Enter("low", 0);
  Enter("middle", 1, 2);
  std::vector<std::string> order;
  for (int ms = 10; ms < 4000 && (order.empty() || order.back() != "low"); ms += 10) {
    Enter("urgent" + std::to_string(ms), ms, 1);   // as fast as they are served
    EXPECT_THAT(Over(ms), ElementsAre());
    for (const std::string& id : Take(1)) order.push_back(id);
  }
  // "middle" rises by one level in a second, "low" by two in two; then only what came before is before them.
  ASSERT_EQ(order.back(), "low");
  EXPECT_EQ(std::count(order.begin(), order.end(), "middle"), 1);
  EXPECT_LE(order.size(), 2000u / 10 + 2);
  EXPECT_GE(order.size(), 2000u / 10 - 2);
}

// With DELAY, too, and where there are no levels.
TEST_F(JobQueueTest, WhoWasSentBehindAllComesBackInTime) {
  Batching batching;
  batching.default_queue_policy = {.timeout_action = QueuePolicy::TimeoutAction::kDelay, .default_timeout = milliseconds(5)};
  queue_.SetBatching(batching);
  Enter("delayed", 0);
  EXPECT_THAT(Over(5), ElementsAre());
  int at_ms = 5;
  std::string served;
  while (served != "delayed" && at_ms < 100'000) {
    at_ms += 500;
    Enter("fresh", at_ms);
    EXPECT_THAT(Over(at_ms), ElementsAre());
    served = Take(1).at(0);
  }
  EXPECT_NEAR(at_ms, 65'000, 1000);
}

TEST_F(JobQueueTest, PrioritiesThatTheModelDoesNotHaveAreRefused) {
  EXPECT_EQ(queue_.TakePlace(1).error().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(queue_.TakePlace(1).error().field(), "priority");
  EXPECT_EQ(queue_.TakePlace(0).value(), 0);
  queue_.SetBatching({.priority_levels = 2, .default_priority_level = 2});
  EXPECT_EQ(queue_.TakePlace(0).value(), 2);
  EXPECT_THAT(queue_.TakePlace(3).error().message(), HasSubstr("to 2"));
  EXPECT_FALSE(queue_.TakePlace(-1).ok());
}

TEST_F(JobQueueTest, EachLevelHasItsOwnBound) {
  Batching batching{.priority_levels = 2, .default_priority_level = 2};
  batching.default_queue_policy.max_queue_size = 2;
  batching.priority_queue_policy[1].max_queue_size = 1;
  queue_.SetBatching(batching);
  EXPECT_EQ(Enter("a", 0), "");
  EXPECT_EQ(Enter("b", 0), "");
  EXPECT_THAT(Enter("c", 0), HasSubstr("2 requests wait at priority 2"));
  EXPECT_EQ(Enter("d", 0, 1), "");
  EXPECT_THAT(Enter("e", 0, 1), HasSubstr("1 requests wait at priority 1"));
  EXPECT_THAT(Take(2), ElementsAre("d", "a"));  // whoever leaves makes room
  EXPECT_EQ(Enter("f", 0, 1), "");
  EXPECT_EQ(Enter("g", 0), "");
  EXPECT_NE(Enter("h", 0), "");
  queue_.GiveUpPlace(2);
  EXPECT_EQ(Enter("h", 0), "");
}

TEST_F(JobQueueTest, WhoWaitsTooLongIsRefusedOrGoesBehindAll) {
  Batching batching{.priority_levels = 2, .default_priority_level = 2};
  batching.priority_queue_policy[1] = {.timeout_action = QueuePolicy::TimeoutAction::kDelay,
                                       .default_timeout = milliseconds(5)};
  batching.default_queue_policy.default_timeout = milliseconds(20);
  queue_.SetBatching(batching);
  Enter("rejected", 0);
  Enter("delayed", 0, 1);
  Enter("later", 10);
  EXPECT_EQ(queue_.NextDeadline(), At(5));
  EXPECT_THAT(Over(4), ElementsAre());
  EXPECT_THAT(Over(5), ElementsAre());  // it is behind now
  EXPECT_EQ(queue_.NextDeadline(), At(20));
  EXPECT_THAT(Over(20), ElementsAre("rejected waited too long"));
  Enter("fresh", 20);
  EXPECT_THAT(Take(9), ElementsAre("later", "fresh", "delayed"));
  EXPECT_EQ(queue_.NextDeadline(), std::nullopt);
}

TEST_F(JobQueueTest, ARequestMayHaveLessTimeButNotMore) {
  Batching batching;
  batching.default_queue_policy.default_timeout = milliseconds(20);
  queue_.SetBatching(batching);
  Enter("not asked", 0, 0, milliseconds(1));  // the policy does not let it
  EXPECT_EQ(queue_.NextDeadline(), At(20));
  batching.default_queue_policy.allow_timeout_override = true;
  queue_.SetBatching(batching);
  Enter("less", 0, 0, milliseconds(7));
  Enter("more", 0, 0, milliseconds(70));
  EXPECT_EQ(queue_.NextDeadline(), At(7));
  EXPECT_THAT(Over(7), ElementsAre("less waited too long"));
  EXPECT_THAT(Over(20), ElementsAre("not asked waited too long", "more waited too long"));
}

// A request that a batch has begun is being answered: only its deadline ends it.
TEST_F(JobQueueTest, OnlyTheWaitForTheFirstBatchIsTimed) {
  Batching batching;
  batching.default_queue_policy.default_timeout = milliseconds(5);
  queue_.SetBatching(batching);
  PredictRequest request;
  for (int i = 0; i < 3; ++i) request.inputs.texts.push_back({.ids = {1}});
  queue_.Enter(std::make_shared<Job>("large", std::move(request), At(0)), queue_.TakePlace(0).value());
  EXPECT_THAT(Take(1), ElementsAre("large"));
  EXPECT_EQ(queue_.NextDeadline(), std::nullopt);
  EXPECT_THAT(Over(100), ElementsAre());
  EXPECT_THAT(Take(9), ElementsAre("large"));
}

}  // namespace
}  // namespace pano::batch
