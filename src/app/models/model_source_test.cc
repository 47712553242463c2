#include "app/models/model_source.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace pano::models {
namespace {

namespace fs = std::filesystem;

class ModelSources : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::path(::testing::TempDir()) / "pano_model_source";
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

TEST_F(ModelSources, NamesModelsByFolderFileOrFlag) {
  EXPECT_EQ(ParseModelSource("/no/where/llama.gguf")->id, "llama");
  EXPECT_EQ(ParseModelSource(Folder("llama-3.2"))->id, "llama-3.2");  // a folder keeps its dots
  EXPECT_EQ(ParseModelSource(Folder("tiny") + "/")->id, "tiny");
  ModelSource named = ParseModelSource("my=/a/b=c").value();
  EXPECT_EQ(named.id, "my");
  EXPECT_EQ(named.path, "/a/b=c");
  ModelSource slash = ParseModelSource("org/name=c/d").value();
  EXPECT_EQ(slash.id, "org/name");
  EXPECT_EQ(slash.path, "c/d");
  EXPECT_EQ(ParseModelSource("./a/b=c/d")->path, "./a/b=c/d");  // "./a/b" is no id
  EXPECT_FALSE(ParseModelSource("").ok());
  EXPECT_FALSE(ParseModelSource("id=").ok());
  Result<ModelSource> wrong = ParseModelSource("/x/two words");
  ASSERT_FALSE(wrong.ok());
  EXPECT_NE(wrong.error().message().find("--model ID=PATH"), std::string::npos);
}

TEST_F(ModelSources, AliasesAreSplitAtTheLastEqualsSign) {
  ModelAlias alias = ParseModelAlias("llama3:8b=org/llama@2").value();
  EXPECT_EQ(alias.name, "llama3:8b");
  EXPECT_EQ(alias.target, "org/llama@2");
  EXPECT_EQ(ParseModelAlias("a=b=c")->name, "a=b");
  for (const std::string& bad : {std::string(), std::string("a"), std::string("=a"), std::string("a="),
                                 std::string("\xff=a"), std::string(257, 'n') + "=a"}) {
    EXPECT_EQ(ParseModelAlias(bad).error().code(), StatusCode::kInvalidArgument) << bad;
  }
}

TEST_F(ModelSources, FoldersOfNumbersAreRepositories) {
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

}  // namespace
}  // namespace pano::models
