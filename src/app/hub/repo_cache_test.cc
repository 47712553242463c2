#include "app/hub/repo_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "app/hub/cached_model.h"
#include "app/hub/resolve.h"
#include "base/env.h"

namespace pano::hub {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

const std::string kCommit = "0123456789abcdef0123456789abcdef01234567";

class RepoCacheTest : public testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(settings_.cache_folder);
    fs::create_directories(cache_.folder() + "/blobs");
    fs::create_directories(cache_.folder() + "/refs");
    ASSERT_TRUE(WriteFile(cache_.RefPath("main"), kCommit + "\n").ok());
  }
  void TearDown() override { fs::remove_all(settings_.cache_folder); }

  // A file as huggingface_hub keeps it: a blob and a link.
  void Put(const std::string& path, const std::string& etag, const std::string& text) {
    ASSERT_TRUE(WriteFile(cache_.BlobPath(etag), text).ok());
    fs::path link = cache_.SnapshotFolder(kCommit) + "/" + path;
    fs::create_directories(link.parent_path());
    fs::create_symlink(RepoCache::LinkTarget(path, etag), link);
  }

  static HubSettings Settings() {
    HubSettings settings;
    settings.cache_folder = testing::TempDir() + "hub_repo_cache";
    settings.offline = true;
    return settings;
  }

  HubSettings settings_ = Settings();
  RepoCache cache_{settings_.cache_folder, "org/name"};
};

TEST_F(RepoCacheTest, NamesFoldersAsHuggingfaceHub) {
  EXPECT_TRUE(cache_.folder().ends_with("/models--org--name"));
  EXPECT_TRUE(cache_.LockPath("e").ends_with("/.locks/models--org--name/e.lock"));
  EXPECT_EQ(RepoCache::LinkTarget("config.json", "e"), "../../blobs/e");
  EXPECT_EQ(RepoCache::LinkTarget("a/b/config.json", "e"), "../../../../blobs/e");
  EXPECT_EQ(RepoOfFolder("models--org--name"), "org/name");
  EXPECT_EQ(RepoOfFolder("models--gpt2"), "gpt2");
  EXPECT_EQ(RepoOfFolder("datasets--org--name"), "");
  EXPECT_EQ(RepoOfFolder("models--a--b--c"), "");
  EXPECT_EQ(RepoOfFolder("models--"), "");
  EXPECT_EQ(RepoOfFolder("models--.."), "");
}

TEST_F(RepoCacheTest, FindsAModelWithAllItsFiles) {
  Put("config.json", "e1", "{}");
  Result<std::string> path = ResolveModel("hf:org/name", settings_);
  EXPECT_EQ(path.error().code(), StatusCode::kNotFound);  // no weights yet
  Put("model.safetensors.index.json", "e2", R"({"weight_map":{"a":"m1.safetensors","b":"m2.safetensors"}})");
  Put("m1.safetensors", "e3", "1");
  EXPECT_FALSE(ResolveModel("hf:org/name", settings_).ok());
  Put("m2.safetensors", "e4", "2");
  path = ResolveModel("hf:org/name", settings_);
  ASSERT_TRUE(path.ok()) << path.error().message();
  EXPECT_EQ(*path, cache_.SnapshotFolder(kCommit));
  EXPECT_EQ(*ResolveModel("hf:org/name@" + kCommit, settings_), *path);
  EXPECT_FALSE(ResolveModel("hf:org/name@other", settings_).ok());

  fs::remove(cache_.BlobPath("e4"));  // a link to nothing is no file
  EXPECT_THAT(*ListSnapshot(*path),
              ElementsAre("config.json", "m1.safetensors", "model.safetensors.index.json"));
  EXPECT_FALSE(ResolveModel("hf:org/name", settings_).ok());
}

TEST_F(RepoCacheTest, FindsAGgufByItsType) {
  Put("x-Q4_K_M.gguf", "e1", "GGUF");
  Put("sub/x-Q8_0.gguf", "e2", "GGUF");
  EXPECT_EQ(*ResolveModel("hf:org/name:Q8_0", settings_),
            cache_.SnapshotFolder(kCommit) + "/sub/x-Q8_0.gguf");
  EXPECT_EQ(*ResolveModel("hf:org/name", settings_), cache_.SnapshotFolder(kCommit) + "/x-Q4_K_M.gguf");
  EXPECT_FALSE(ResolveModel("hf:org/name:Q2_K", settings_).ok());
}

TEST_F(RepoCacheTest, LeavesPathsAloneAndRefusesABrokenRef) {
  EXPECT_EQ(*ResolveModel("models/x", settings_), "models/x");
  EXPECT_EQ(ResolveModel("oci:x/y", settings_).error().code(), StatusCode::kUnimplemented);
  ASSERT_TRUE(WriteFile(cache_.RefPath("main"), "../../../../etc").ok());
  Result<std::string> path = ResolveModel("hf:org/name", settings_);
  EXPECT_EQ(path.error().code(), StatusCode::kCorruption);
  EXPECT_THAT(path.error().message(), HasSubstr("refs/main"));
}

}  // namespace
}  // namespace pano::hub
