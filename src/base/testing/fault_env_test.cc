#include "base/testing/fault_env.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/testing/memory_env.h"

namespace pano {
namespace {

std::span<const std::byte> Bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

TEST(FaultEnvTest, FailsOnceAtTheGivenCall) {
  MemoryEnv disk;
  FaultEnv env(disk, {.fail_at = 1, .fail_errno = ENOSPC});
  auto file = *env.Open("a", Env::OpenMode::kWrite);         // call 0
  EXPECT_EQ(file->WriteSome(Bytes("x")).status().reason(), "disk_full");  // call 1
  EXPECT_EQ(*file->WriteSome(Bytes("y")), 1u);
  EXPECT_EQ(env.calls(), 3);
  EXPECT_EQ(*ReadFile("a", 9, disk), "y");
  EXPECT_FALSE(env.crashed());
}

TEST(FaultEnvTest, AfterACrashNothingReachesTheDisk) {
  MemoryEnv disk;
  FaultEnv env(disk, {.crash_at = 2, .seed = 3});
  auto file = *env.Open("a", Env::OpenMode::kWrite);
  ASSERT_EQ(*file->WriteSome(Bytes("ab")), 2u);
  EXPECT_FALSE(env.crashed());
  EXPECT_EQ(file->WriteSome(Bytes("cdefghij")).status().message(), "the machine has crashed");
  EXPECT_TRUE(env.crashed());
  const std::string torn = *ReadFile("a", 99, disk);
  EXPECT_TRUE(std::string("abcdefghij").starts_with(torn)) << torn;
  EXPECT_FALSE(file->WriteSome(Bytes("x")).ok());
  EXPECT_FALSE(file->Sync().ok());
  EXPECT_FALSE(env.Remove("a").ok());
  EXPECT_FALSE(env.List("/").ok());
  EXPECT_EQ(*ReadFile("a", 99, disk), torn);
}

TEST(FaultEnvTest, ShortWritesRepeatWithTheSeed) {
  auto sizes = [](uint64_t seed) {
    MemoryEnv disk;
    FaultEnv env(disk, {.short_writes = 0.5, .seed = seed});
    auto file = *env.Open("a", Env::OpenMode::kWrite);
    std::vector<size_t> taken;
    for (int i = 0; i < 20; ++i) taken.push_back(*file->WriteSome(Bytes("0123456789")));
    return taken;
  };
  EXPECT_EQ(sizes(1), sizes(1));
  EXPECT_NE(sizes(1), sizes(2));
  int full = 0;
  for (size_t n : sizes(1)) {
    EXPECT_GT(n, 0u);
    full += n == 10;
  }
  EXPECT_GT(full, 2);
  EXPECT_LT(full, 18);
}

TEST(FaultEnvTest, SyncsMayLie) {
  MemoryEnv disk;
  FaultEnv env(disk, {.sync_lies = true});
  auto file = *env.Open("a", Env::OpenMode::kWrite);
  ASSERT_TRUE(file->WriteAll(Bytes("x")).ok());
  EXPECT_TRUE(file->Sync().ok());
  EXPECT_TRUE(env.SyncFolder("/").ok());
  disk.Crash();
  EXPECT_FALSE(disk.Stat("a").ok());
}

}  // namespace
}  // namespace pano
