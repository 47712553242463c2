#include "pano/load/yield_to_server.h"

#include <sched.h>

#include <thread>

#include <gtest/gtest.h>

namespace pano::load {
namespace {

TEST(YieldToServer, LastsAsLongAsItLives) {
  if (sched_getscheduler(0) != SCHED_OTHER) GTEST_SKIP() << "the test runs under another policy";
  std::jthread([] {
    {
      const YieldToServer yield;
      EXPECT_EQ(sched_getscheduler(0), SCHED_BATCH);
      {
        const YieldToServer inner;
        EXPECT_EQ(sched_getscheduler(0), SCHED_BATCH);
      }
      EXPECT_EQ(sched_getscheduler(0), SCHED_BATCH) << "the inner one changed what it did not set";
    }
    EXPECT_EQ(sched_getscheduler(0), SCHED_OTHER);
  }).join();
}

TEST(YieldToServer, LeavesAPolicyThatSomebodyChose) {
  std::jthread([] {
    const sched_param priority = {};
    ASSERT_EQ(sched_setscheduler(0, SCHED_IDLE, &priority), 0);
    {
      const YieldToServer yield;
      EXPECT_EQ(sched_getscheduler(0), SCHED_IDLE);
    }
    EXPECT_EQ(sched_getscheduler(0), SCHED_IDLE);
  }).join();
}

}  // namespace
}  // namespace pano::load
