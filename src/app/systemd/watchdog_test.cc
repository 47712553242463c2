#include "app/systemd/watchdog.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>

#include "app/systemd/testing/notify_socket.h"
#include "base/strings.h"
#include "base/testing/memory_env.h"

namespace pano::systemd {
namespace {

using std::chrono::seconds;

TEST(WatchdogTest, TheLimitIsForThisProcessOnly) {
  MemoryEnv env;
  EXPECT_FALSE(WatchdogLimit(env));
  env.SetVariable("WATCHDOG_USEC", "30000000");
  EXPECT_EQ(WatchdogLimit(env), seconds(30));
  env.SetVariable("WATCHDOG_PID", "1");
  EXPECT_FALSE(WatchdogLimit(env));
  env.SetVariable("WATCHDOG_PID", StrCat(::getpid()));
  EXPECT_EQ(WatchdogLimit(env), seconds(30));
  for (const char* nonsense : {"0", "-5", "x", "9223372036854775807", ""}) {
    env.SetVariable("WATCHDOG_USEC", nonsense);
    EXPECT_FALSE(WatchdogLimit(env)) << nonsense;
  }
}

TEST(WatchdogTest, AStuckProcessFallsSilentAndSpeaksAgain) {
  const std::string name = StrCat("@pano-watchdog-", ::getpid());
  NotifySocket socket(name);
  const auto notifier = Notifier::Create(name);
  ASSERT_TRUE(notifier.ok());
  ManualClock clock;
  std::atomic<bool> stuck{false};
  Watchdog watchdog(*notifier, seconds(10), [&] { return std::string(stuck ? "no step" : ""); }, clock);
  clock.AwaitWaiters(1);
  EXPECT_EQ(socket.Poll(), "WATCHDOG=1\n");
  EXPECT_EQ(socket.Poll(), "");
  clock.Advance(seconds(5));   // half of the limit
  clock.AwaitWaiters(1);
  EXPECT_EQ(socket.Poll(), "WATCHDOG=1\n");
  stuck = true;
  for (int i = 0; i < 4; ++i) {
    clock.Advance(seconds(5));
    clock.AwaitWaiters(1);
    EXPECT_EQ(socket.Poll(), "");
  }
  stuck = false;
  clock.Advance(seconds(5));
  clock.AwaitWaiters(1);
  EXPECT_EQ(socket.Poll(), "WATCHDOG=1\n");
}

}  // namespace
}  // namespace pano::systemd
