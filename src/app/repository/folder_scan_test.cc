#include "app/repository/folder_scan.h"

#include <gtest/gtest.h>

#include "base/strings.h"
#include "base/testing/fault_env.h"
#include "base/testing/file_tree.h"

namespace pano::repository {
namespace {

FileStamp NoTime(const std::string&) { return {}; }

Scan ScanOf(const Env& env, const ScanLimits& limits = {}) {
  Result<Scan> scan = ScanFolder("/m", env, NoTime, limits);
  EXPECT_TRUE(scan.ok());
  return scan.ok() ? *scan : Scan{};
}

void PutModel(MemoryEnv& env, const std::string& folder, const std::string& weights = "weights") {
  PutFile(env, folder + "/config.json", "{}");
  PutFile(env, folder + "/model.safetensors", weights);
}

std::string Names(const Scan& scan) {
  std::string names;
  for (const FoundModel& model : scan.models) {
    for (const FoundVersion& version : model.versions) names += StrCat(names.empty() ? "" : " ", version.target.FullName());
  }
  return names;
}

TEST(FolderScan, FindsModelsAndVersions) {
  MemoryEnv env;
  PutModel(env, "/m/plain");
  PutModel(env, "/m/org/name");
  PutModel(env, "/m/a/b/c");
  PutModel(env, "/m/many/2");
  PutModel(env, "/m/many/10");
  PutFile(env, "/m/many/model.yaml", "labels: {}");
  PutFile(env, "/m/gguf/x.gguf", "GGUF");
  PutModel(env, "/m/.hidden");
  const Scan scan = ScanOf(env);
  EXPECT_EQ(Names(scan), "a/b/c@1 gguf@1 many@2 many@10 org/name@1 plain@1");
  EXPECT_TRUE(scan.problems.empty());
  EXPECT_EQ(scan.models[1].versions[0].path, "/m/gguf/x.gguf");
  EXPECT_EQ(scan.models[2].settings, "labels: {}");
  EXPECT_EQ(scan.models[2].versions[1].path, "/m/many/10");
  EXPECT_EQ(scan.models[4].versions[0].weight_bytes, 7u);
  for (const FoundModel& model : scan.models) EXPECT_EQ(model.versions[0].growing, "") << model.id;
}

TEST(FolderScan, WhatIsNoModelIsSaid) {
  MemoryEnv env;
  PutModel(env, "/m/good");
  PutModel(env, "/m/bad name");
  PutModel(env, "/m/a/b/c/d");
  PutFile(env, "/m/loose.gguf", "x");
  const Scan scan = ScanOf(env);
  EXPECT_EQ(Names(scan), "good@1");
  ASSERT_EQ(scan.problems.size(), 3u);
  EXPECT_EQ(scan.problems[0], "/m/a/b/c: ids have three parts at most");
  EXPECT_EQ(scan.problems[1], "/m/bad name: its name cannot be a model's id");
  EXPECT_EQ(scan.problems[2], "/m/loose.gguf: stands beside the models' folders: it needs one of its own");
}

TEST(FolderScan, KnowsWhatIsBeingWritten) {
  MemoryEnv env;
  PutFile(env, "/m/a/model.safetensors", "half");
  PutModel(env, "/m/b");
  PutFile(env, "/m/b/model-2.safetensors.part", "h");
  PutFile(env, "/m/c/model.yaml", "{}");
  const Scan scan = ScanOf(env);
  EXPECT_EQ(scan.models[0].versions[0].growing, "has no config.json and no .gguf file yet");
  EXPECT_EQ(scan.models[1].versions[0].growing, "'model-2.safetensors.part' is being written");
}

TEST(FolderScan, AManifestSaysWhatIsMissing) {
  MemoryEnv env;
  PutModel(env, "/m/a", "four");
  PutFile(env, "/m/a/manifest.json", R"({"files": {"config.json": 2, "model.safetensors": 7}})");
  EXPECT_EQ(ScanOf(env).models[0].versions[0].growing, "'model.safetensors' has 4 of 7 bytes");
  EXPECT_FALSE(ScanOf(env).models[0].versions[0].listed);
  PutModel(env, "/m/a", "seven..");
  EXPECT_EQ(ScanOf(env).models[0].versions[0].growing, "");
  EXPECT_TRUE(ScanOf(env).models[0].versions[0].listed);
  PutFile(env, "/m/a/manifest.json", R"({"files": {"more.safetensors": 7}})");
  EXPECT_EQ(ScanOf(env).models[0].versions[0].growing, "'more.safetensors' of its manifest.json is not there yet");
  PutFile(env, "/m/a/manifest.json", R"({"files")");
  EXPECT_TRUE(ScanOf(env).models[0].versions[0].growing.starts_with("manifest.json: "));
}

TEST(FolderScan, OtherFilesAreAnotherContent) {
  MemoryEnv env;
  PutModel(env, "/m/a");
  const uint64_t first = ScanOf(env).models[0].versions[0].content;
  EXPECT_EQ(ScanOf(env).models[0].versions[0].content, first);
  PutFile(env, "/m/a/model.yaml", "defaults: {}");  // settings are no part of it
  EXPECT_EQ(ScanOf(env).models[0].versions[0].content, first);
  PutFile(env, "/m/a/tokenizer.json", "{}");
  EXPECT_NE(ScanOf(env).models[0].versions[0].content, first);
  // The time of change alone, too.
  const Result<Scan> later = ScanFolder("/m", env, [](const std::string&) { return FileStamp{.mtime_ns = 5}; });
  EXPECT_NE(later->models[0].versions[0].content, ScanOf(env).models[0].versions[0].content);
  EXPECT_EQ(later->models[0].versions[0].changed_unix_ns, 5);
}

TEST(FolderScan, IsBounded) {
  MemoryEnv env;
  for (int i = 0; i < 20; ++i) PutModel(env, StrCat("/m/m", i));
  for (int i = 1; i <= 20; ++i) PutModel(env, StrCat("/m/v/", i));
  EXPECT_EQ(ScanOf(env, {.models_max = 5}).models.size(), 5u);
  EXPECT_EQ(ScanOf(env, {.folders_max = 5}).models.size(), 5u);
  EXPECT_EQ(ScanOf(env, {.folders_max = 5}).problems.size(), 1u);
  const Scan few = ScanOf(env, {.versions_max = 2});
  EXPECT_TRUE(Names(few).ends_with("v@19 v@20")) << Names(few);
  EXPECT_TRUE(ScanOf(env, {.files_max = 1}).models[0].versions[0].growing.starts_with("has more than 1 files"));
}

// A disk that fails at any call costs models that it fails for, or the whole look, and nothing else.
TEST(FolderScan, ADiskMayFailAnywhere) {
  MemoryEnv env;
  PutModel(env, "/m/a/1");
  PutModel(env, "/m/b");
  PutFile(env, "/m/b/model.yaml", "{}");
  FaultEnv counting(env, {});
  ASSERT_TRUE(ScanFolder("/m", counting, NoTime).ok());
  for (int64_t call = 0; call < counting.calls(); ++call) {
    FaultEnv failing(env, {.fail_at = call});
    const Result<Scan> scan = ScanFolder("/m", failing, NoTime);
    EXPECT_TRUE(!scan.ok() || scan->models.size() <= 2);
  }
  EXPECT_FALSE(ScanFolder("/nowhere", env, NoTime).ok());
}

}  // namespace
}  // namespace pano::repository
