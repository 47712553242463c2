#include "data/version/pipeline/shell_command.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <string>
#include <thread>

#include "base/env.h"
#include "base/random.h"
#include "base/strings.h"

namespace pano::pipeline {
namespace {

class ShellCommandTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = StrCat(::testing::TempDir(), "/shell_command_test_", RandomHex(6));
    ASSERT_TRUE(Env::Real().MakeFolder(folder_).ok());
  }
  void TearDown() override { ASSERT_TRUE(Env::Real().RemoveTree(folder_).ok()); }
  Status Run(const std::string& command, const std::stop_token& stop = {}) {
    return RunShellCommand(
        command, {.folder = folder_, .environment = {{"DVC_STAGE", "train"}, {"HOME", "/nowhere"}}},
        stop);
  }
  std::string folder_;
};

TEST_F(ShellCommandTest, RunsInItsFolderWithItsEnvironment) {
  ASSERT_TRUE(
      Run("printf '%s %s ' \"$DVC_STAGE\" \"$HOME\" > out && pwd >> out && wc -c >> out").ok());
  const std::string out = *ReadFile(folder_ + "/out");
  EXPECT_TRUE(out.starts_with("train /nowhere ")) << out;
  EXPECT_NE(out.find("shell_command_test_"), std::string::npos);
  EXPECT_TRUE(out.ends_with("0\n"));  // nothing on standard input
}

TEST_F(ShellCommandTest, SaysHowItEnded) {
  EXPECT_EQ(Run("exit 3").message(), "exited with 3");
  EXPECT_EQ(Run("kill -9 $$").message(), "killed by signal 9");
  EXPECT_EQ(RunShellCommand("true", {.folder = "/does/not/exist"}, {}).code(),
            StatusCode::kNotFound);
}

TEST_F(ShellCommandTest, AStopEndsTheWholeGroup) {
  std::stop_source stop;
  std::jthread later([&stop] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    stop.request_stop();
  });
  const auto begin = std::chrono::steady_clock::now();
  const Status status = Run("sh -c 'echo $$ > inner; exec sleep 60' & wait", stop.get_token());
  EXPECT_EQ(status.code(), StatusCode::kCancelled);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
  const auto inner = ParseInt(Trim(*ReadFile(folder_ + "/inner")));
  ASSERT_TRUE(inner.has_value());
  for (int i = 0; i < 100 && ::kill(static_cast<pid_t>(*inner), 0) == 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  const std::string state = ReadFile(StrCat("/proc/", *inner, "/stat")).value_or("gone");
  EXPECT_TRUE(state == "gone" || state.find(") Z ") != std::string::npos) << state;
}

}  // namespace
}  // namespace pano::pipeline
