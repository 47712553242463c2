#include "app/systemd/notifier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "app/systemd/testing/notify_socket.h"
#include "base/strings.h"
#include "base/testing/memory_env.h"

namespace pano::systemd {
namespace {

using testing::HasSubstr;

TEST(NotifierTest, WithoutAManagerNothingIsSaid) {
  MemoryEnv env;
  const auto notifier = Notifier::FromEnvironment(env);
  ASSERT_TRUE(notifier.ok());
  EXPECT_FALSE(notifier->active());
  EXPECT_TRUE(notifier->Ready("x").ok());
}

TEST(NotifierTest, StatesArriveAtAPathAndAtAnAbstractName) {
  for (const std::string& name :
       {StrCat("/tmp/pano-notify-", ::getpid()), StrCat("@pano-notify-", ::getpid())}) {
    NotifySocket socket(name);
    MemoryEnv env;
    env.SetVariable("NOTIFY_SOCKET", name);
    const auto notifier = Notifier::FromEnvironment(env);
    ASSERT_TRUE(notifier.ok());
    ASSERT_TRUE(notifier->Ready("serves\nstarter").ok());
    EXPECT_EQ(socket.Next(), StrCat("READY=1\nSTATUS=serves starter\nMAINPID=", ::getpid(), "\n"));
    ASSERT_TRUE(notifier->Reloading(TimePoint(std::chrono::seconds(3))).ok());
    EXPECT_EQ(socket.Next(), "RELOADING=1\nMONOTONIC_USEC=3000000\n");
    ASSERT_TRUE(notifier->Stopping("drains").ok());
    EXPECT_EQ(socket.Next(), "STOPPING=1\nSTATUS=drains\n");
    ASSERT_TRUE(notifier->Watchdog().ok());
    EXPECT_EQ(socket.Next(), "WATCHDOG=1\n");
  }
}

TEST(NotifierTest, ASocketThatIsNotThereIsAnErrorByName) {
  const auto notifier = Notifier::Create("/nonexistent/notify");
  ASSERT_TRUE(notifier.ok());
  const Status status = notifier->Ready("x");
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(status.message(), HasSubstr("/nonexistent/notify"));
}

TEST(NotifierTest, NonsenseIsRefused) {
  for (const std::string& name : {std::string("relative"), std::string("@"), std::string("/"),
                                  "/" + std::string(200, 'x'), std::string("vsock:2:1234")}) {
    EXPECT_EQ(Notifier::Create(name).status().code(), StatusCode::kInvalidArgument) << name;
  }
}

}  // namespace
}  // namespace pano::systemd
