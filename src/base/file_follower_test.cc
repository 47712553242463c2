#include "base/file_follower.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/log.h"
#include "base/testing/memory_env.h"

namespace pano {
namespace {

using std::chrono::seconds;

class FileFollowerTest : public ::testing::Test {
 protected:
  FileFollowerTest() { Put("one"); }
  void Put(std::string_view text) { ASSERT_TRUE(WriteFile("f", text, env_).ok()); }
  void Start() {
    follower_.emplace(FileFollower::Options{.path = "f", .bytes_max = 100, .log_name = "[test] ", .poll = seconds(1)}, "one",
                      [this](const std::string& text) {
                        taken_.push_back(text);
                        return text.starts_with("bad") ? InvalidArgument(text + " is refused") : OkStatus();
                      },
                      env_, clock_);
  }
  void Poll() {
    clock_.AwaitWaiters(1);
    clock_.Advance(seconds(1));
    clock_.AwaitWaiters(1);
  }

  MemoryEnv env_;
  ManualClock clock_;
  std::vector<std::string> taken_;
  std::optional<FileFollower> follower_;
};

TEST_F(FileFollowerTest, TakesWhatIsTheSameTwice) {
  Start();
  Poll();
  Poll();
  EXPECT_TRUE(taken_.empty());   // it is in force
  Put("tw");                     // half-written
  Poll();
  Put("two");
  Poll();
  EXPECT_TRUE(taken_.empty());
  Poll();
  Poll();
  EXPECT_EQ(taken_, std::vector<std::string>{"two"});
  Put("one");
  Poll();
  Poll();
  EXPECT_EQ(taken_.back(), "one");
}

TEST_F(FileFollowerTest, WhatIsRefusedIsTriedAgainAndSaidOnce) {
  std::vector<std::string> said;
  SetLogSink([&](LogLevel, std::string_view message) { said.emplace_back(message); });
  Start();
  Put("bad");
  for (int i = 0; i < 4; ++i) Poll();
  EXPECT_EQ(taken_, (std::vector<std::string>{"bad", "bad", "bad"}));
  EXPECT_EQ(said, std::vector<std::string>{"[test] bad is refused; what was in force before stays so"});
  Put("one");
  Poll();
  EXPECT_EQ(taken_.size(), 3u);  // nothing has changed after all
  Put("bad");
  Poll();
  Poll();
  EXPECT_EQ(said.size(), 2u);
  ASSERT_TRUE(env_.Remove("f").ok());
  Poll();
  Poll();
  EXPECT_EQ(said.size(), 3u);
  Put(std::string(101, 'x'));
  Poll();
  EXPECT_EQ(said.size(), 4u);
  Put("good");
  Poll();
  Poll();
  EXPECT_EQ(taken_.back(), "good");
  SetLogSink({});
}

TEST_F(FileFollowerTest, LooksAtOnceWhenAsked) {
  Start();
  EXPECT_TRUE(follower_->Look().ok());
  EXPECT_EQ(taken_, std::vector<std::string>{"one"});  // it may name other files
  Put("bad");
  EXPECT_EQ(follower_->Look().message(), "bad is refused");
  Put("two");
  EXPECT_TRUE(follower_->Look().ok());
  EXPECT_EQ(taken_.back(), "two");
  Poll();
  Poll();
  EXPECT_EQ(taken_.size(), 3u);
  ASSERT_TRUE(env_.Remove("f").ok());
  EXPECT_EQ(follower_->Look().code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace pano
