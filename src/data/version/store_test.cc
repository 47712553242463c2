// The object store, the state cache and what a workspace takes for data.

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "data/version/testing/scratch_repository.h"

namespace pano::data {
namespace {

namespace fs = std::filesystem;

std::string ObjectOf(const ScratchRepository& scratch, const ObjectId& id) { return scratch.Path(".dvc/cache/" + id.RelativePath()).string(); }

TEST(ObjectStore, HandsOutNoCorruptObject) {
  const ScratchRepository scratch("data-store");
  scratch.Write("f", "content\n");
  ASSERT_TRUE(scratch.Add({"f"}).ok());
  const ObjectId id{Md5Of("content\n"), false, HashName::kMd5};
  const std::string object = ObjectOf(scratch, id);
  EXPECT_EQ(fs::status(object).permissions() & fs::perms::all, static_cast<fs::perms>(0444));
  fs::permissions(object, static_cast<fs::perms>(0644));
  std::ofstream(object) << "Content\n";
  fs::remove(scratch.Path("f"));
  const Status status = scratch.Checkout(true);
  EXPECT_EQ(status.code(), StatusCode::kCorruption) << status.message();
  EXPECT_FALSE(fs::exists(scratch.Path("f")));
  // What is right takes its place.
  scratch.Write("f", "content\n");
  ASSERT_TRUE(scratch.Add({"f"}).ok());
  EXPECT_EQ(ReadFile(object).value_or(""), "content\n");
}

TEST(ObjectStore, TakesFromOutsideOnlyWhatWasExpected) {
  const ScratchRepository scratch("data-adopt");
  const Status status = scratch.Run([&](const ScratchRepository::Tools& tools) -> Status {
    ObjectStore& store = tools.workspace.store();
    const ObjectId id{Md5Of("right"), false, HashName::kMd5};
    {
      ObjectWriter writer(store, id);
      PANO_RETURN_IF_ERROR(writer.Append(std::as_bytes(std::span("wrong", 5))));
      EXPECT_EQ(writer.Commit().code(), StatusCode::kCorruption);
    }
    EXPECT_FALSE(store.Has(id));
    {
      ObjectWriter writer(store, id);
      PANO_RETURN_IF_ERROR(writer.Append(std::as_bytes(std::span("right", 5))));
      EXPECT_TRUE(writer.Commit().ok());
    }
    EXPECT_TRUE(store.Has(id));
    const std::string temporary = store.TemporaryPath();
    std::ofstream(temporary) << "other";
    EXPECT_EQ(store.Adopt(temporary, {Md5Of("x"), false, HashName::kMd5}).code(), StatusCode::kCorruption);
    EXPECT_FALSE(fs::exists(temporary));
    return {};
  });
  EXPECT_TRUE(status.ok()) << status.message();
}

TEST(StateCache, DoesNotTrustRacyTimesNorBrokenRecords) {
  const ScratchRepository scratch("data-state");
  const std::string path = scratch.Path("state").string();
  const FileStamp stamp{1, 2, 3, 1'000, 1'000};
  const int64_t now = 1'000 + StateCache::kRacyNs * 1000;
  {
    StateCache cache(path, DataEnv::Real());
    cache.Record(stamp, HashName::kMd5, Md5Of("a"), 1'000 + StateCache::kRacyNs / 2);
    EXPECT_FALSE(cache.Find(stamp, HashName::kMd5));        // changed just before it was hashed
    cache.Record({1, 3, 3, now + 5, 0}, HashName::kMd5, Md5Of("a"), now);
    EXPECT_FALSE(cache.Find({1, 3, 3, now + 5, 0}, HashName::kMd5));   // a clock that went back
    cache.Record(stamp, HashName::kMd5, Md5Of("a"), now);
    EXPECT_EQ(cache.Find(stamp, HashName::kMd5), Md5Of("a"));
    ASSERT_TRUE(cache.Save().ok());
  }
  {
    StateCache cache(path, DataEnv::Real());
    EXPECT_EQ(cache.Find(stamp, HashName::kMd5), Md5Of("a"));
    EXPECT_FALSE(cache.Find(stamp, HashName::kMd5Dos2Unix));
    for (FileStamp other : {FileStamp{9, 2, 3, 1'000, 1'000}, FileStamp{1, 2, 4, 1'000, 1'000}, FileStamp{1, 2, 3, 1'001, 1'000},
                            FileStamp{1, 2, 3, 1'000, 1'001}}) {
      EXPECT_FALSE(cache.Find(other, HashName::kMd5));
    }
    cache.Record({1, 2, 3, 2'000, 2'000}, HashName::kMd5, Md5Of("b"), now);
    for (uint64_t i = 10; i < 5'000; ++i) cache.Record({1, i, 3, 1, 1}, HashName::kMd5, Md5Of("c"), now);
    ASSERT_TRUE(cache.Save().ok());
  }
  {
    StateCache cache(path, DataEnv::Real());
    EXPECT_FALSE(cache.Find(stamp, HashName::kMd5));   // the same file, changed
    EXPECT_EQ(cache.Find({1, 2, 3, 2'000, 2'000}, HashName::kMd5), Md5Of("b"));
    EXPECT_EQ(cache.Find({1, 4'000, 3, 1, 1}, HashName::kMd5), Md5Of("c"));
  }
  std::string bytes = *ReadFile(path);
  bytes[64 + 40] = static_cast<char>(bytes[64 + 40] ^ 1);   // a digest
  scratch.Write("state", bytes);
  EXPECT_FALSE(StateCache(path, DataEnv::Real()).Find({1, 2, 3, 2'000, 2'000}, HashName::kMd5));
  scratch.Write("state", "no state at all");
  EXPECT_FALSE(StateCache(path, DataEnv::Real()).Find(stamp, HashName::kMd5));
}

TEST(Workspace, SeesAChangeThatKeepsSizeAndTime) {
  const ScratchRepository scratch("data-mtime");
  scratch.Write("f", "one\n");
  ASSERT_TRUE(scratch.Add({"f"}).ok());
  const auto time = fs::last_write_time(scratch.Path("f"));
  std::ofstream(scratch.Path("f")) << "two\n";
  fs::last_write_time(scratch.Path("f"), time);
  const Status status = scratch.Run([&](const ScratchRepository::Tools& tools) -> Status {
    PANO_ASSIGN_OR_RETURN(const bool same, tools.workspace.Unchanged(tools.index.outputs[0]));
    EXPECT_FALSE(same);
    return {};
  });
  EXPECT_TRUE(status.ok()) << status.message();
}

TEST(Workspace, RefusesWhatCannotBeData) {
  const ScratchRepository scratch("data-refuse");
  const auto refused = [&](const std::string& word) {
    const Status status = scratch.Add({"d"});
    EXPECT_FALSE(status.ok()) << word;
    EXPECT_NE(status.message().find(word), std::string::npos) << status.message();
    EXPECT_FALSE(fs::exists(scratch.Path("d.dvc")));
    fs::remove_all(scratch.Path("d"));
  };
  scratch.Write("d/a", "a");
  fs::create_symlink("nowhere", scratch.Path("d/gone"));
  refused("gone");
  scratch.Write("d/a", "a");
  fs::create_directory_symlink(".", scratch.Path("d/loop"));
  refused("loop");
  scratch.Write("d/a", "a");
  fs::create_symlink("self", scratch.Path("d/self"));
  refused("self");
  scratch.Write("d/a", "a");
  fs::create_symlink("/etc/passwd", scratch.Path("d/out"));
  refused("out");
  scratch.Write("d/a", "a");
  ASSERT_EQ(::mkfifo(scratch.Path("d/pipe").c_str(), 0600), 0);
  refused("pipe");
  scratch.Write("d/\xff", "a");
  refused("UTF-8");
  scratch.Write("d/.dvcignore", "x\n");
  refused(".dvcignore");
}

TEST(Workspace, ASparseFileCostsNoMemory) {
  const ScratchRepository scratch("data-sparse");
  scratch.Write("f", "head");
  fs::resize_file(scratch.Path("f"), 256 << 20);
  ASSERT_TRUE(scratch.Add({"f"}).ok());
  struct stat info {};
  const std::string md5 = scratch.Read("f.dvc").substr(13, 32);
  ASSERT_EQ(::stat(ObjectOf(scratch, *ObjectId::Parse(md5)).c_str(), &info), 0);
  EXPECT_EQ(info.st_size, 256 << 20);
  EXPECT_LT(info.st_blocks * 512, 4 << 20);   // holes stay holes
}

TEST(Checkout, WritesNothingThroughALink) {
  const ScratchRepository scratch("data-through");
  scratch.Write("d/s/a", "a");
  ASSERT_TRUE(scratch.Add({"d"}).ok());
  fs::remove_all(scratch.Path("d/s"));
  const fs::path outside = scratch.root().string() + "-outside";
  fs::create_directories(outside);
  fs::create_directory_symlink(outside, scratch.Path("d/s"));
  EXPECT_FALSE(scratch.Checkout(true).ok());
  EXPECT_TRUE(fs::is_empty(outside));
  fs::remove_all(outside);
}

}  // namespace
}  // namespace pano::data
