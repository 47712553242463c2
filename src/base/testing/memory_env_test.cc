#include "base/testing/memory_env.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

namespace pano {
namespace {

using testing::ElementsAre;

std::unique_ptr<File> Put(MemoryEnv& env, const std::string& path, std::string_view text) {
  auto file = *env.Open(path, Env::OpenMode::kWrite);
  EXPECT_TRUE(file->WriteAll(std::as_bytes(std::span(text))).ok());
  return file;
}

TEST(MemoryEnvTest, ACrashLeavesWhatWasSyncedOnly) {
  MemoryEnv env;
  auto a = Put(env, "a", "one");
  ASSERT_TRUE(a->Sync().ok());  // the bytes, not the name
  auto b = Put(env, "b", "two");
  ASSERT_TRUE(env.SyncFolder("/").ok());  // both names, not b's bytes
  Put(env, "c", "three");
  env.Crash();
  EXPECT_THAT(*env.List("/"), ElementsAre("a", "b"));
  EXPECT_EQ(*ReadFile("a", 9, env), "one");
  EXPECT_EQ(*ReadFile("b", 9, env), "");
}

TEST(MemoryEnvTest, RenamesAndRemovalsComeBackUnlessTheFolderWasSynced) {
  MemoryEnv env;
  ASSERT_TRUE(env.MakeFolder("d").ok());
  ASSERT_TRUE(Put(env, "d/a", "1")->Sync().ok());
  ASSERT_TRUE(Put(env, "d/b", "2")->Sync().ok());
  ASSERT_TRUE(env.SyncFolder("d").ok());
  ASSERT_TRUE(env.SyncFolder("/").ok());
  ASSERT_TRUE(env.Rename("d/a", "d/c").ok());
  ASSERT_TRUE(env.Remove("d/b").ok());
  ASSERT_TRUE(env.Rename("d", "e").ok());
  EXPECT_THAT(*env.List("e"), ElementsAre("c"));
  env.Crash();
  EXPECT_THAT(*env.List("/"), ElementsAre("d"));
  EXPECT_THAT(*env.List("d"), ElementsAre("a", "b"));
  // A folder keeps its entries under its new name.
  ASSERT_TRUE(env.Rename("d", "e").ok());
  ASSERT_TRUE(env.SyncFolder("/").ok());
  env.Crash();
  EXPECT_THAT(*env.List("e"), ElementsAre("a", "b"));
  EXPECT_EQ(*ReadFile("e/a", 9, env), "1");
  ASSERT_TRUE(env.RemoveTree("e").ok());
  env.Crash();
  EXPECT_THAT(*env.List("e"), ElementsAre("a", "b"));
}

TEST(MemoryEnvTest, ARandomPartSurvivesAndRepeats) {
  std::set<std::string> seen;
  auto run = [](uint64_t seed) {
    MemoryEnv env;
    Put(env, "a", "abcdef");
    Put(env, "b", "x");
    Random random(seed);
    env.Crash(&random);
    std::string found;
    const std::vector<std::string> names = *env.List("/");
    for (const std::string& name : names) found += name + *ReadFile(name, 9, env);
    return found;
  };
  for (uint64_t seed = 0; seed < 64; ++seed) {
    const std::string found = run(seed);
    EXPECT_EQ(found, run(seed));
    EXPECT_FALSE(found.starts_with("b"));  // names come back in the order in which they were made
    seen.insert(found);
  }
  EXPECT_TRUE(seen.contains(""));
  EXPECT_TRUE(seen.contains("aabcdefbx"));
  EXPECT_GT(seen.size(), 6u);
}

TEST(MemoryEnvTest, AFullDiskTakesWhatFits) {
  MemoryEnv env;
  env.SetCapacity(5);
  auto file = Put(env, "a", "123");
  const std::string_view more = "4567";
  EXPECT_EQ(*file->WriteSome(std::as_bytes(std::span(more))), 2u);
  EXPECT_EQ(file->WriteSome(std::as_bytes(std::span(more))).status().reason(), "disk_full");
  EXPECT_EQ(*env.SpaceLeft("/"), 0u);
  ASSERT_TRUE(env.Remove("a").ok());
  EXPECT_EQ(*env.SpaceLeft("/"), 5u);
}

}  // namespace
}  // namespace pano
