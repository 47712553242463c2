#include "data/version/sync/sync.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/random.h"
#include "base/strings.h"
#include "data/version/sync/chunked_outputs.h"
#include "data/version/sync/import_data.h"

namespace pano::data {
namespace {

// A repository with a remote in a folder beside it.
class SyncTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = StrCat(::testing::TempDir(), "/sync_test_", RandomHex(6));
    ASSERT_TRUE(MakeFolders(env_, folder_ + "/repo/.dvc").ok());
    Write(".dvc/config",
          "[core]\n    no_scm = True\n    remote = near\n['remote \"near\"']\n    url = "
          "../../near\n['remote \"far\"']\n    url = ../../far\n");
    Open();
  }
  void TearDown() override {
    workspace_.reset();
    ASSERT_TRUE(env_.RemoveTree(folder_).ok());
  }
  void Open() {
    auto repository = Repository::Find(folder_ + "/repo");
    ASSERT_TRUE(repository.ok()) << repository.error().message();
    repository_ = *std::move(repository);
    auto workspace = Workspace::Open(*repository_);
    ASSERT_TRUE(workspace.ok()) << workspace.error().message();
    workspace_ = *std::move(workspace);
  }
  void Write(const std::string& path, const std::string& text) {
    ASSERT_TRUE(MakeFolders(env_, std::string(FolderName(folder_ + "/repo/" + path))).ok());
    ASSERT_TRUE(WriteFile(folder_ + "/repo/" + path, text).ok());
  }
  Output Stored(const std::string& path) {
    Output output;
    output.path = path;
    output.source = path + ".dvc";
    auto stored = workspace_->Store(output);
    EXPECT_TRUE(stored.ok()) << stored.error().message();
    return stored.ok() ? *stored : output;
  }
  void ForgetCache() {
    workspace_.reset();
    ASSERT_TRUE(env_.RemoveTree(folder_ + "/repo/.dvc/cache").ok());
    ASSERT_TRUE(env_.RemoveTree(folder_ + "/repo/.dvc/tmp").ok());
    Open();
  }
  std::string RemotePath(const std::string& remote, const ObjectId& id) const {
    return StrCat(folder_, "/", remote, "/", id.RelativePath());
  }

  DataEnv& env_ = DataEnv::Real();
  std::string folder_;
  std::unique_ptr<const Repository> repository_;
  std::unique_ptr<Workspace> workspace_;
};

TEST_F(SyncTest, WhatIsPushedComesBack) {
  Write("d/a", "one");
  Write("d/s/b", "two");
  Write("f", "three");
  const Output folder = Stored("d"), file = Stored("f");
  const std::vector<Target> targets = {{&folder, ""}, {&file, ""}};
  EXPECT_EQ(NotInRemote(*workspace_, targets, {})->size(), 4u);
  const auto pushed = Push(*workspace_, targets, {});
  ASSERT_TRUE(pushed.ok()) << pushed.error().message();
  EXPECT_EQ(pushed->moved, 4u);
  EXPECT_EQ(Push(*workspace_, targets, {})->present, 2u);   // the folder as a whole, and the file
  EXPECT_TRUE(NotInRemote(*workspace_, targets, {})->empty());
  EXPECT_TRUE(env_.Stat(RemotePath("near", *folder.id)).ok());

  ForgetCache();
  const auto fetched = Fetch(*workspace_, targets, {});
  ASSERT_TRUE(fetched.ok()) << fetched.error().message();
  EXPECT_EQ(fetched->moved, 4u);
  EXPECT_TRUE(fetched->missing.empty());
  EXPECT_EQ(workspace_->Tree(*folder.id)->size(), 2u);
  EXPECT_EQ(*workspace_->store().Read(*file.id, 100), "three");
  EXPECT_TRUE(env_.List(repository_->own_folder() + "/partial")->empty());
}

// As DVC does it: the manifest goes with a part, and later says that all is there.
TEST_F(SyncTest, APartOfAFolderIsItsFilesAndTheManifest) {
  Write("d/a", "one");
  Write("d/s/b", "two");
  const Output folder = Stored("d");
  ASSERT_TRUE(Push(*workspace_, {{&folder, "s"}}, {}).ok());
  EXPECT_TRUE(env_.Stat(RemotePath("near", *folder.id)).ok());
  EXPECT_EQ(NotInRemote(*workspace_, {{&folder, ""}}, {})->size(), 1u);
  EXPECT_EQ(Push(*workspace_, {{&folder, ""}}, {})->moved, 0u);
  ForgetCache();
  ASSERT_EQ(Fetch(*workspace_, {{&folder, "s/b"}}, {})->moved, 2u);  // the manifest and the file
}

TEST_F(SyncTest, OutputsHaveRemotesOfTheirOwn) {
  Write("f", "three");
  Write("g", "four");
  Output own = Stored("f"), quiet = Stored("g");
  own.remote = "far";
  quiet.push = false;
  ASSERT_EQ(Push(*workspace_, {{&own, ""}, {&quiet, ""}}, {.remote = "near"})->moved, 1u);
  EXPECT_TRUE(env_.Stat(RemotePath("far", *own.id)).ok());
  EXPECT_FALSE(env_.Stat(RemotePath("near", *quiet.id)).ok());
  own.remote = "nope";
  const auto none = Push(*workspace_, {{&own, ""}}, {});
  ASSERT_FALSE(none.ok());
  EXPECT_NE(none.error().message().find("nope"), std::string::npos);
}

TEST_F(SyncTest, ALyingRemoteIsRefusedAndACorruptObjectIsNotSent) {
  Write("f", "three");
  const Output file = Stored("f");
  const Target target{&file, ""};
  ASSERT_TRUE(Push(*workspace_, {target}, {}).ok());
  ASSERT_TRUE(env_.Remove(RemotePath("near", *file.id)).ok());
  ASSERT_TRUE(WriteFile(RemotePath("near", *file.id), "lies").ok());
  ForgetCache();
  const auto fetched = Fetch(*workspace_, {target}, {});
  ASSERT_FALSE(fetched.ok());
  EXPECT_EQ(fetched.error().code(), StatusCode::kCorruption) << fetched.error().message();
  EXPECT_FALSE(workspace_->store().Has(*file.id));

  const Output again = Stored("f");
  const std::string object = workspace_->store().Path(*again.id);
  ASSERT_TRUE(env_.Remove(object).ok());
  ASSERT_TRUE(WriteFile(object, "broken").ok());
  const auto pushed = Push(*workspace_, {{&again, ""}}, {.remote = "far"});
  ASSERT_FALSE(pushed.ok());
  EXPECT_EQ(pushed.error().code(), StatusCode::kCorruption);
  EXPECT_FALSE(env_.Stat(RemotePath("far", *again.id)).ok());
}

TEST_F(SyncTest, WhatNobodyHasIsReported) {
  Write("f", "three");
  const Output file = Stored("f");
  ForgetCache();
  const auto fetched = Fetch(*workspace_, {{&file, ""}}, {});
  ASSERT_TRUE(fetched.ok()) << fetched.error().message();
  ASSERT_EQ(fetched->missing.size(), 1u);
  EXPECT_TRUE(fetched->missing[0].starts_with("f ("));
  EXPECT_EQ(Push(*workspace_, {{&file, ""}}, {})->missing.size(), 1u);
}

TEST_F(SyncTest, AFileInChunksIsPushedFetchedAndRestored) {
  Random random(1);
  std::string text;
  while (text.size() < 300'000) text += StrCat(random.Next(), "\n");
  Write("big.csv", text);
  Output output;
  output.path = "big.csv";
  output.source = "big.csv.dvc";
  uint64_t added = 0;
  const auto one = StoreChunked(*workspace_, output, &added);
  ASSERT_TRUE(one.ok()) << one.error().message();
  EXPECT_GT(added, 290'000u);
  text.replace(100'000, 10, "edited");
  Write("big.csv", text);
  const auto two = StoreChunked(*workspace_, *one, &added);
  ASSERT_TRUE(two.ok());
  EXPECT_LT(added, 10'000u);
  const Target target{&*two, ""};
  const auto pushed = Push(*workspace_, {target}, {});
  ASSERT_TRUE(pushed.ok()) << pushed.error().message();
  EXPECT_TRUE(pushed->missing.empty());

  ForgetCache();
  ASSERT_TRUE(env_.Remove(folder_ + "/repo/big.csv").ok());
  const auto fetched = Fetch(*workspace_, {target}, {});
  ASSERT_TRUE(fetched.ok()) << fetched.error().message();
  EXPECT_TRUE(fetched->missing.empty());
  const auto restored = RestoreChunked(*workspace_, {target});
  ASSERT_TRUE(restored.ok()) << restored.error().message();
  EXPECT_EQ(restored->size(), 1u);
  ASSERT_TRUE(workspace_->Checkout(*two, {.force = false, .relink = false, .part = ""}).ok());
  EXPECT_EQ(*ReadFile(folder_ + "/repo/big.csv"), text);
  ASSERT_TRUE(RemoveRestored(*workspace_, *restored).ok());
  EXPECT_FALSE(workspace_->store().Has(*two->id));
  EXPECT_EQ(*ReadFile(folder_ + "/repo/big.csv"), text);
}

TEST_F(SyncTest, CollectRemoteKeepsWhatIsUsed) {
  Write("f", "three");
  Write("g", "four");
  const Output f = Stored("f"), g = Stored("g");
  ASSERT_TRUE(Push(*workspace_, {{&f, ""}, {&g, ""}}, {}).ok());
  const auto removed = CollectRemote(*repository_, {*f.id}, {});
  ASSERT_TRUE(removed.ok()) << removed.error().message();
  EXPECT_EQ(*removed, 1u);
  EXPECT_TRUE(env_.Stat(RemotePath("near", *f.id)).ok());
  EXPECT_FALSE(env_.Stat(RemotePath("near", *g.id)).ok());
}

// The digest that dvc 3.67.1 wrote for the same entries.
TEST(ImportDigest, IsDvcs) {
  const auto deps = json::Parse(
      R"([{"md5":"566a7b0b334683ad4fe7dc68f6711e6f","size":60,"hash":"md5","path":"src.txt"}])");
  const auto outs = json::Parse(
      R"([{"md5":"566a7b0b334683ad4fe7dc68f6711e6f","size":60,"hash":"md5","path":"url.txt"}])");
  EXPECT_EQ(ImportDigest(*deps, *outs), "8f061cf62048d5dd072463323a707b87");
}

TEST_F(SyncTest, AFileIsImportedFromAPath) {
  ASSERT_TRUE(WriteFile(folder_ + "/src.txt", "content").ok());
  const auto output = ImportUrl(
      *workspace_,
      {.from = folder_ + "/src.txt", .path = "", .revision = "", .out = "got.txt", .sync = {}});
  ASSERT_TRUE(output.ok()) << output.error().message();
  EXPECT_EQ(*ReadFile(folder_ + "/repo/got.txt"), "content");
  const std::string text = *ReadFile(folder_ + "/repo/got.txt.dvc");
  EXPECT_NE(text.find("frozen: true\ndeps:\n- md5: 9a0364b9e99bb480dd25e1f0284c8555\n  size: 7\n"),
            std::string::npos)
      << text;
  EXPECT_FALSE(
      ImportUrl(
          *workspace_,
          {.from = folder_ + "/src.txt", .path = "", .revision = "", .out = "got.txt", .sync = {}})
          .ok());
}

}  // namespace
}  // namespace pano::data
