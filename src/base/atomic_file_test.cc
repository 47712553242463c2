#include "base/atomic_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/random.h"
#include "base/strings.h"
#include "base/testing/fault_env.h"
#include "base/testing/memory_env.h"
#include "base/testing/rewrite_check.h"

namespace pano {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::span<const std::byte> Bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

Rewrite RewriteOfA(std::string new_text) {
  Rewrite rewrite;
  rewrite.old_text = "old";
  rewrite.new_text = std::move(new_text);
  rewrite.names = {"a"};
  rewrite.prepare = [](Env& env) { ASSERT_TRUE(WriteFile("a", "old", env).ok()); };
  rewrite.read = [](Env& env) {
    auto text = ReadFile("a", 1 << 20, env);
    return text.ok() ? *text : text.status().ToString();
  };
  return rewrite;
}

TEST(WriteFileTest, ReplacesTheFileInOneStepWhateverGoesWrong) {
  Rewrite rewrite = RewriteOfA("a new text");
  rewrite.write = [&](Env& env) { return WriteFile("a", rewrite.new_text, env); };
  CheckRewrite(rewrite);
}

TEST(AtomicFileTest, ReplacesTheFileInOneStepWhateverGoesWrong) {
  Rewrite rewrite = RewriteOfA(std::string(70'000, 'x') + std::string(70'000, 'y') + "z");
  rewrite.write = [](Env& env) -> Status {
    AtomicFile file("a", env);
    PANO_RETURN_IF_ERROR(file.Write(Bytes(std::string(70'000, 'x'))));
    for (int i = 0; i < 70; ++i) PANO_RETURN_IF_ERROR(file.Write(Bytes(std::string(1'000, 'y'))));
    PANO_RETURN_IF_ERROR(file.Write(Bytes("z")));
    EXPECT_EQ(file.size(), 140'001u);
    return file.Commit();
  };
  CheckRewrite(rewrite);
}

// The check itself must see a writer that forgets a sync: with a disk whose syncs lie, a crash
// right after an ok loses the file or a part of it.
TEST(AtomicFileTest, WithoutSyncsACrashTearsFiles) {
  bool old = false, torn = false;
  for (uint64_t seed = 0; seed < 64; ++seed) {
    MemoryEnv disk;
    ASSERT_TRUE(WriteFile("a", "old", disk).ok());
    FaultEnv env(disk, {.sync_lies = true});
    ASSERT_TRUE(WriteFile("a", "a new text", env).ok());
    Random random(seed);
    disk.Crash(&random);
    const std::string found = *ReadFile("a", 100, disk);
    old = old || found == "old";
    torn = torn || (found != "old" && found != "a new text");
  }
  EXPECT_TRUE(old);
  EXPECT_TRUE(torn);
}

TEST(AtomicFileTest, AFullDiskNamesFileAndNeed) {
  MemoryEnv disk;
  disk.SetCapacity(1000);
  const Status at_once = WriteFile("a", std::string(5000, 'x'), disk);
  EXPECT_EQ(at_once.message(),
            "a: cannot write: the disk is full: 5000 bytes are needed, 1000 are free");
  // Without knowing the size before, the disk itself says so.
  AtomicFile file("b", disk);
  const Status late = file.Write(Bytes(std::string(100'000, 'x')));
  EXPECT_EQ(late.message(),
            "b: cannot write: the disk is full: 100000 bytes are needed, 1000 are free");
  EXPECT_EQ(late.reason(), "disk_full");
  ASSERT_NE(late.cause(), nullptr);
  EXPECT_EQ(late.cause()->message(), "No space left on device");
  EXPECT_EQ(file.Write(Bytes("x")).message(), late.message());  // it stays failed
  EXPECT_EQ(file.Commit().message(), late.message());
}

TEST(AtomicFileTest, IsInvisibleUntilCommitAndGoneWithoutIt) {
  MemoryEnv disk;
  {
    AtomicFile file("a", disk);
    ASSERT_TRUE(file.Write(Bytes("abc")).ok());
    EXPECT_FALSE(disk.Stat("a").ok());
  }
  EXPECT_THAT(*disk.List("/"), ElementsAre());
  AtomicFile empty("a", disk);
  ASSERT_TRUE(empty.Commit().ok());
  EXPECT_THAT(*disk.List("/"), ElementsAre("a"));
  EXPECT_EQ(*ReadFile("a", 1, disk), "");
}

TEST(AtomicFileTest, NamesWhatCannotBeWritten) {
  MemoryEnv disk;
  const Status no_folder = WriteFile("none/a", "x", disk);
  EXPECT_EQ(no_folder.message(), "none/a: cannot write: No such file or directory");
  EXPECT_EQ(no_folder.code(), StatusCode::kUnavailable);
  ASSERT_TRUE(disk.MakeFolder("d").ok());
  EXPECT_THAT(WriteFile("d", "x", disk).message(), HasSubstr("d: cannot write: "));
  EXPECT_THAT(*disk.List("/"), ElementsAre("d"));
}

}  // namespace
}  // namespace pano
