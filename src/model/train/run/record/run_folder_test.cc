#include "model/train/run/record/run_folder.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/random.h"
#include "base/strings.h"
#include "base/testing/fault_env.h"
#include "base/testing/memory_env.h"

namespace pano::train {
namespace {

RunRecord Record(Env& env, const std::string& recipe = "task: causal_lm\n") {
  auto file = DescribeDataFile(env, "/data.txt");
  EXPECT_TRUE(file.ok());
  return {.recipe = recipe, .seed = 3, .data = {*file}, .version = "1", .commit = "c"};
}

// As a session leaves it.
void AddCheckpoint(Env& env, const std::string& out) {
  ASSERT_TRUE(env.MakeFolder(out + "/checkpoints").ok());
  ASSERT_TRUE(env.MakeFolder(out + "/checkpoints/step-3").ok());
}

TEST(RunFolder, KeepsWhatTheRunIsMadeOf) {
  MemoryEnv env;
  ASSERT_TRUE(WriteFile("/data.txt", "abc", env).ok());
  auto folder = RunFolder::Open(env, "/runs/a/b/", Record(env), false, nullptr);
  ASSERT_TRUE(folder.ok()) << folder.error().ToString();
  EXPECT_EQ(folder->path(), "/runs/a/b");
  EXPECT_EQ(*ReadFile("/runs/a/b/recipe.yaml", 100, env), "task: causal_lm\n");
  const json::Value run = *json::Parse(*ReadFile("/runs/a/b/run.json", 1 << 20, env));
  EXPECT_EQ(run.Find("seed")->as_int(), 3);
  EXPECT_EQ(run.Find("commit")->as_string(), "c");
  EXPECT_EQ(run.Find("data")->as_array()[0].Find("sha256")->as_string(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");  // FIPS 180-4
}

TEST(RunFolder, ARunIsNotOverwrittenWithoutAsking) {
  MemoryEnv env;
  ASSERT_TRUE(WriteFile("/data.txt", "abc", env).ok());
  ASSERT_TRUE(RunFolder::Open(env, "/out", Record(env), true, nullptr).ok());  // --resume: anew
  // A run that was refused, or killed before its first checkpoint, is in nobody's way.
  ASSERT_TRUE(RunFolder::Open(env, "/out", Record(env, "another"), false, nullptr).ok());
  ASSERT_TRUE(RunFolder::Open(env, "/out", Record(env), false, nullptr).ok());
  AddCheckpoint(env, "/out");
  const auto again = RunFolder::Open(env, "/out", Record(env), false, nullptr);
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code(), StatusCode::kInvalidArgument);
  EXPECT_NE(again.error().message().find("--resume"), std::string::npos);
  std::vector<std::string> notes;
  EXPECT_TRUE(RunFolder::Open(env, "/out", Record(env), true, &notes).ok());
  EXPECT_TRUE(notes.empty());
  ASSERT_TRUE(env.RemoveTree("/out/checkpoints").ok());
  ASSERT_TRUE(env.MakeFolder("/out/model").ok());
  EXPECT_FALSE(RunFolder::Open(env, "/out", Record(env), false, nullptr).ok());
}

TEST(RunFolder, GoesOnWithTheSameDataOnly) {
  MemoryEnv env;
  ASSERT_TRUE(WriteFile("/data.txt", "abc", env).ok());
  ASSERT_TRUE(RunFolder::Open(env, "/out", Record(env), false, nullptr).ok());
  AddCheckpoint(env, "/out");
  ASSERT_TRUE(WriteFile("/data.txt", "abd", env).ok());
  const auto other = RunFolder::Open(env, "/out", Record(env), true, nullptr);
  ASSERT_FALSE(other.ok());
  EXPECT_NE(other.error().message().find("/data.txt"), std::string::npos) << other.error().message();
}

TEST(RunFolder, ARecipeThatChangedIsSaid) {
  MemoryEnv env;
  ASSERT_TRUE(WriteFile("/data.txt", "abc", env).ok());
  ASSERT_TRUE(RunFolder::Open(env, "/out", Record(env, "a\nb\n"), false, nullptr).ok());
  AddCheckpoint(env, "/out");
  std::vector<std::string> notes;
  ASSERT_TRUE(RunFolder::Open(env, "/out", Record(env, "a\nc\n"), true, &notes).ok());
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_NE(notes[0].find("from line 2 on"), std::string::npos) << notes[0];
}

TEST(RunFolder, WhatIsInItsPlaceIsRefused) {
  MemoryEnv env;
  ASSERT_TRUE(WriteFile("/data.txt", "abc", env).ok());
  ASSERT_TRUE(WriteFile("/out", "a file", env).ok());
  EXPECT_FALSE(RunFolder::Open(env, "/out", Record(env), false, nullptr).ok());
  EXPECT_FALSE(DescribeDataFile(env, "/nothing").ok());
  ASSERT_TRUE(env.Remove("/out").ok());
  ASSERT_TRUE(env.MakeFolder("/out").ok());
  AddCheckpoint(env, "/out");
  ASSERT_TRUE(WriteFile("/out/run.json", "{", env).ok());
  const auto broken = RunFolder::Open(env, "/out", Record(env), true, nullptr);
  ASSERT_FALSE(broken.ok());
  EXPECT_NE(broken.error().message().find("run.json"), std::string::npos);
}

TEST(RunFolder, ItsFailuresNameAFile) {
  for (int64_t call = 0;; ++call) {
    MemoryEnv disk;
    ASSERT_TRUE(WriteFile("/data.txt", "abc", disk).ok());
    const RunRecord record = Record(disk);
    FaultEnv env(disk, {.fail_at = call});
    const auto folder = RunFolder::Open(env, "/out", record, false, nullptr);
    if (env.calls() <= call) break;
    if (!folder.ok()) {
      EXPECT_NE(folder.error().message().find("/out"), std::string::npos)
          << call << ": " << folder.error().message();
    }
    ASSERT_LT(call, 100);
  }
}

TEST(RunFolder, TwoRunsDoNotShareOne) {
  const std::string path =
      (std::filesystem::temp_directory_path() / StrCat("pano-run-folder-", RandomHex(8))).string();
  {
    auto first = RunFolder::Open(Env::Real(), path, {}, true, nullptr);
    ASSERT_TRUE(first.ok()) << first.error().ToString();
    const auto second = RunFolder::Open(Env::Real(), path, {}, true, nullptr);
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.error().code(), StatusCode::kUnavailable);
  }
  EXPECT_TRUE(RunFolder::Open(Env::Real(), path, {}, true, nullptr).ok());
  ASSERT_TRUE(Env::Real().RemoveTree(path).ok());
}

}  // namespace
}  // namespace pano::train
