#include "app/api/model_loader.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace pano::api {
namespace {

namespace fs = std::filesystem;

class ModelLoader : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::path(::testing::TempDir()) / "pano_model_loader";
    fs::remove_all(root_);
    fs::create_directories(root_);
  }
  void TearDown() override { fs::remove_all(root_); }
  std::string Folder(const std::string& name) {
    fs::create_directories(root_ / name);
    return (root_ / name).string();
  }
  void File(const std::string& name) { std::ofstream(root_ / name) << "x"; }

  fs::path root_;
};

TEST_F(ModelLoader, NamesModelsByFolderFileOrFlag) {
  EXPECT_EQ(ParseModelSource("/no/where/llama.gguf")->id, "llama");
  EXPECT_EQ(ParseModelSource(Folder("llama-3.2"))->id, "llama-3.2");  // a folder keeps its dots
  EXPECT_EQ(ParseModelSource(Folder("tiny") + "/")->id, "tiny");
  ModelSource named = ParseModelSource("my=/a/b=c").value();
  EXPECT_EQ(named.id, "my");
  EXPECT_EQ(named.path, "/a/b=c");
  EXPECT_EQ(ParseModelSource("a/b=c/d")->path, "a/b=c/d");  // "a/b" is no id
  EXPECT_FALSE(ParseModelSource("").ok());
  EXPECT_FALSE(ParseModelSource("id=").ok());
  Result<ModelSource> wrong = ParseModelSource("/x/two words");
  ASSERT_FALSE(wrong.ok());
  EXPECT_NE(wrong.error().message().find("--model ID=PATH"), std::string::npos);
}

TEST_F(ModelLoader, FoldersOfNumbersAreRepositories) {
  Folder("repo/10");
  Folder("repo/2");
  Folder("repo/old");
  File("repo/2/weights.gguf");
  std::vector<VersionSource> versions = ListVersions((root_ / "repo").string()).value();
  ASSERT_EQ(versions.size(), 2u);
  EXPECT_EQ(versions[0].version, "2");
  EXPECT_TRUE(versions[0].path.ends_with("/repo/2/weights.gguf"));
  EXPECT_EQ(versions[1].version, "10");
  EXPECT_TRUE(versions[1].path.ends_with("/repo/10"));

  Folder("model/1");
  File("model/config.json");  // a model that happens to have such a folder
  versions = ListVersions((root_ / "model").string()).value();
  ASSERT_EQ(versions.size(), 1u);
  EXPECT_EQ(versions[0].version, "1");
  EXPECT_TRUE(versions[0].path.ends_with("/model"));
}

TEST_F(ModelLoader, AMissingModelIsNamed) {
  ComputePool pool(1);
  auto loaded = LoadModelVersions({"m", (root_ / "nope").string()}, {}, pool, {});
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.error().code(), StatusCode::kNotFound);
  EXPECT_TRUE(loaded.error().message().starts_with("model 'm': "));
}

}  // namespace
}  // namespace pano::api
