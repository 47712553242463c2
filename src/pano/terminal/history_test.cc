#include "pano/terminal/history.h"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/strings.h"
#include "base/testing/fault_env.h"
#include "base/testing/memory_env.h"

namespace pano::terminal {
namespace {

using ::testing::ElementsAre;

TEST(History, ComesBackWithItsLines) {
  MemoryEnv env;
  {
    History history = std::move(History::Open("/home/a/state/chat", env)).value();
    EXPECT_TRUE(history.Add("one").ok());
    EXPECT_TRUE(history.Add("two\nlines 你好 \"\\").ok());
    EXPECT_TRUE(history.Add("two\nlines 你好 \"\\").ok());  // not twice
    EXPECT_TRUE(history.Add("  ").ok());
    EXPECT_TRUE(history.Add(std::string(History::kEntryBytesMax + 1, 'x')).ok());
  }
  const History again = std::move(History::Open("/home/a/state/chat", env)).value();
  EXPECT_THAT(again.entries(), ElementsAre("one", "two\nlines 你好 \"\\"));
}

TEST(History, SkipsWhatIsNoEntry) {
  MemoryEnv env;
  ASSERT_TRUE(WriteFile("/h", "garbage\n\"ok\"\n{\"a\":1}\n\xff\n\"cut", env).ok());
  EXPECT_THAT(std::move(History::Open("/h", env)).value().entries(), ElementsAre("ok"));
  ASSERT_TRUE(WriteFile("/h", std::string(History::kFileBytesMax + 1, 'x'), env).ok());
  EXPECT_FALSE(History::Open("/h", env).ok());
}

TEST(History, IsBounded) {
  MemoryEnv env;
  std::string text;
  for (size_t i = 0; i < 3 * History::kEntriesMax; ++i) text += StrCat("\"", i, "\"\n");
  ASSERT_TRUE(WriteFile("/h", text, env).ok());
  const History history = std::move(History::Open("/h", env)).value();
  EXPECT_EQ(history.entries().size(), History::kEntriesMax);
  EXPECT_EQ(history.entries().back(), StrCat(3 * History::kEntriesMax - 1));
  EXPECT_LT(env.Stat("/h")->bytes, text.size());  // written anew
}

TEST(History, AFullDiskIsSaidAndNoMore) {
  MemoryEnv env;
  History history = std::move(History::Open("/h", env)).value();
  env.SetCapacity(2);
  const Status status = history.Add("something");
  EXPECT_EQ(status.code(), StatusCode::kExhausted);
  EXPECT_EQ(history.entries().back(), "something");
}

TEST(History, ADiskThatFailsIsNoEmptyHistory) {
  MemoryEnv disk;
  ASSERT_TRUE(std::move(History::Open("/home/a/chat", disk)).value().Add("one").ok());
  FaultEnv env(disk, {.fail_at = 0});
  EXPECT_EQ(History::Open("/home/a/chat", env).error().code(), StatusCode::kUnavailable);
}

TEST(History, IsForItsOwnerOnly) {
  std::string folder = std::filesystem::temp_directory_path() / "pano_history_XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  const std::string path = folder + "/state/panorama/chat";
  History history = std::move(History::Open(path)).value();
  ASSERT_TRUE(history.Add("secret").ok());
  struct stat info;
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  ASSERT_EQ(::stat((folder + "/state").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
  std::filesystem::remove_all(folder);
}

TEST(StateFile, FollowsTheSpecification) {
  MemoryEnv env;
  EXPECT_EQ(StateFile("x", env), "");
  env.SetVariable("HOME", "/home/a");
  EXPECT_EQ(StateFile("x", env), "/home/a/.local/state/panorama/x");
  env.SetVariable("XDG_STATE_HOME", "/state");
  EXPECT_EQ(StateFile("x", env), "/state/panorama/x");
  env.SetVariable("XDG_STATE_HOME", "relative");
  EXPECT_EQ(StateFile("x", env), "/home/a/.local/state/panorama/x");
}

}  // namespace
}  // namespace pano::terminal
