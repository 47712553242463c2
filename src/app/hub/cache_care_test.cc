#include "app/hub/cache_care.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "app/hub/cache_users.h"
#include "app/hub/etag.h"
#include "app/hub/file_lock.h"
#include "app/hub/repo_cache.h"
#include "base/env.h"
#include "base/mapped_file.h"
#include "base/strings.h"

namespace pano::hub {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

const std::string kOld(40, '1'), kNew(40, '2');

class CacheCareTest : public testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(settings_.cache_folder);
    fs::create_directories(cache_.folder() + "/blobs");
    fs::create_directories(cache_.LockFolder());
    Put(kOld, "x-Q4_K_M.gguf", "old q4");
    Put(kOld, "sub/x-Q8_0.gguf", "same q8");
    Put(kNew, "x-Q4_K_M.gguf", "new q4");
    Put(kNew, "sub/x-Q8_0.gguf", "same q8");
    Ref("v1", kOld);
    Ref("main", kNew);
  }
  void TearDown() override { fs::remove_all(settings_.cache_folder); }

  static HubSettings Settings() {
    HubSettings settings;
    settings.cache_folder = testing::TempDir() + "hub_cache_care";
    return settings;
  }
  std::string EtagOf(const std::string& text) {
    Digest digest = EtagDigest(EtagKind::kSha256, text.size());
    digest.Update(std::as_bytes(std::span(text)));
    return digest.Hex();
  }
  void Put(const std::string& commit, const std::string& path, const std::string& text) {
    std::ofstream(cache_.BlobPath(EtagOf(text))) << text;
    const fs::path link = cache_.SnapshotFolder(commit) + "/" + path;
    fs::create_directories(link.parent_path());
    fs::create_symlink(RepoCache::LinkTarget(path, EtagOf(text)), link);
  }
  void Ref(const std::string& name, const std::string& commit) {
    fs::create_directories(fs::path(cache_.RefPath(name)).parent_path());
    std::ofstream(cache_.RefPath(name)) << commit;
  }
  bool HasBlob(const std::string& text) { return fs::exists(cache_.BlobPath(EtagOf(text))); }
  Result<Removed> Remove(const std::string& name) { return RemoveModel(*ParseModelName(name), settings_); }

  const HubSettings settings_ = Settings();
  const RepoCache cache_{settings_.cache_folder, "org/name"};
};

TEST_F(CacheCareTest, ScanSeesRevisionsFilesAndLeftovers) {
  std::ofstream(cache_.PartialPath(EtagOf("later"))) << "0123456789";
  fs::create_directories(settings_.cache_folder + "/datasets--org--data/snapshots");
  Result<std::vector<CachedRepo>> repos = ScanCache(settings_.cache_folder);
  ASSERT_TRUE(repos.ok());
  ASSERT_EQ(repos->size(), 1u);
  const CachedRepo& repo = (*repos)[0];
  EXPECT_EQ(repo.repo, "org/name");
  ASSERT_EQ(repo.snapshots.size(), 2u);
  EXPECT_THAT(repo.snapshots[0].refs, ElementsAre("v1"));
  EXPECT_EQ(repo.snapshots[0].bytes, 13u);
  EXPECT_EQ(repo.snapshots[0].files[0].path, "sub/x-Q8_0.gguf");
  EXPECT_EQ(repo.snapshots[0].files[0].etag, EtagOf("same q8"));
  EXPECT_EQ(repo.blobs.size(), 3u);
  EXPECT_EQ(repo.bytes, 6u + 7 + 6 + 10);
  EXPECT_EQ(repo.incomplete_bytes, 10u);
  std::vector<std::string> names;
  for (const CachedName& name : NamesIn(repo.snapshots[1])) names.push_back(name.selector);
  EXPECT_THAT(names, ElementsAre("Q4_K_M", "Q8_0"));
  EXPECT_TRUE(ScanCache("/nonexistent")->empty());
}

TEST_F(CacheCareTest, RemovesAModelAndKeepsWhatOthersUse) {
  Result<Removed> removed = Remove("hf:org/name@v1:Q8_0");
  ASSERT_TRUE(removed.ok()) << removed.error().message();
  EXPECT_EQ(removed->bytes, 0u);  // the other revision has it too
  EXPECT_TRUE(HasBlob("same q8"));
  EXPECT_FALSE(fs::exists(cache_.SnapshotFolder(kOld) + "/sub"));
  removed = Remove("hf:org/name:Q8_0");
  ASSERT_TRUE(removed.ok());
  EXPECT_EQ(removed->bytes, 7u);
  EXPECT_FALSE(HasBlob("same q8"));
  EXPECT_TRUE(fs::exists(cache_.SnapshotFolder(kNew) + "/x-Q4_K_M.gguf"));
  EXPECT_EQ(Remove("hf:org/name:Q8_0").error().code(), StatusCode::kNotFound);
}

TEST_F(CacheCareTest, RemovesARevisionWithItsRef) {
  Result<Removed> removed = Remove("hf:org/name@v1");
  ASSERT_TRUE(removed.ok()) << removed.error().message();
  EXPECT_EQ(removed->bytes, 6u);
  EXPECT_FALSE(fs::exists(cache_.RefPath("v1")));
  EXPECT_FALSE(fs::exists(cache_.SnapshotFolder(kOld)));
  EXPECT_TRUE(HasBlob("same q8"));
  EXPECT_EQ(Remove("hf:org/name@v1").error().code(), StatusCode::kNotFound);
  ASSERT_TRUE(Remove("hf:org/name@" + kNew).ok());  // the last one: nothing is left
  EXPECT_FALSE(fs::exists(cache_.folder()));
}

TEST_F(CacheCareTest, RemovesARepositoryUnlessAPullWritesThere) {
  std::ofstream(cache_.PartialPath(EtagOf("later"))) << "part";
  {
    Result<std::optional<FileLock>> pull = FileLock::TryTake(cache_.LockPath(EtagOf("later")));
    ASSERT_TRUE(pull.ok() && *pull);
    Result<Removed> removed = Remove("hf:org/name");
    EXPECT_EQ(removed.error().reason(), "busy");
    EXPECT_TRUE(HasBlob("new q4"));
  }
  Result<Removed> removed = Remove("hf:org/name");
  ASSERT_TRUE(removed.ok()) << removed.error().message();
  EXPECT_EQ(removed->bytes, 6u + 7 + 6 + 4);
  EXPECT_FALSE(fs::exists(cache_.folder()));
  EXPECT_FALSE(fs::exists(cache_.LockFolder()));
  EXPECT_EQ(Remove("hf:org/name").error().code(), StatusCode::kNotFound);
}

TEST_F(CacheCareTest, VerifyFindsChangedAndMissingContents) {
  CachedRepo repo = *ScanRepo(settings_.cache_folder, "org/name");
  Result<Verified> verified = VerifyRepo(repo, {}, {});
  ASSERT_TRUE(verified.ok());
  EXPECT_TRUE(verified->damages.empty());
  EXPECT_EQ(verified->files, 3u);
  EXPECT_EQ(verified->bytes, 19u);
  std::ofstream(cache_.BlobPath(EtagOf("new q4"))) << "new q5";
  fs::remove(cache_.BlobPath(EtagOf("old q4")));
  std::ofstream(cache_.folder() + "/blobs/no-hash") << "x";
  repo = *ScanRepo(settings_.cache_folder, "org/name");
  verified = VerifyRepo(repo, {}, {});
  ASSERT_EQ(verified->damages.size(), 2u);
  EXPECT_EQ(verified->damages[0].what, "leads to nothing");
  EXPECT_EQ(verified->damages[1].path, "x-Q4_K_M.gguf");
  EXPECT_THAT(verified->damages[1].what, HasSubstr("instead of " + EtagOf("new q4")));
  EXPECT_EQ(verified->unchecked, 1u);
}

TEST_F(CacheCareTest, UsersAreThoseWhoHaveAFileMapped) {
  EXPECT_TRUE(FindCacheUsers(settings_.cache_folder).empty());
  const auto mapped = MappedFile::Open(cache_.SnapshotFolder(kNew) + "/x-Q4_K_M.gguf");
  ASSERT_TRUE(mapped.ok());
  const std::vector<CacheUser> users = FindCacheUsers(cache_.folder());
  ASSERT_EQ(users.size(), 1u);
  EXPECT_EQ(users[0].pid, ::getpid());
  EXPECT_THAT(users[0].paths[0], HasSubstr(EtagOf("new q4")));
}

}  // namespace
}  // namespace pano::hub
