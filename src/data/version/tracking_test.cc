#include "data/version/tracking.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "data/version/cache_upkeep.h"
#include "data/version/status.h"
#include "data/version/testing/scratch_repository.h"

namespace pano::data {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class TrackingTest : public ::testing::Test {
 protected:
  Status Move(const std::string& from, const std::string& to) {
    return repository_.Run([&](const ScratchRepository::Tools& t) { return Tracking(t.workspace, t.index).Move(from, to); });
  }
  Status Remove(const std::string& file, bool with_data, bool force) {
    return repository_.Run([&](const ScratchRepository::Tools& t) { return Tracking(t.workspace, t.index).Remove(file, with_data, force); });
  }
  Status Commit(bool force) {
    return repository_.Run([&](const ScratchRepository::Tools& t) -> Status {
      PANO_ASSIGN_OR_RETURN(const std::vector<Target> targets, FindTargets(t.repository, t.index, {}));
      return Tracking(t.workspace, t.index).Commit(targets, force);
    });
  }
  std::string StatusJson(std::vector<std::string> targets = {}) {
    std::string text;
    const Status status = repository_.Run([&](const ScratchRepository::Tools& t) -> Status {
      StatusOptions options;
      options.granular = true;
      options.targets = std::move(targets);
      PANO_ASSIGN_OR_RETURN(const json::Value value, DataStatus({t.workspace, {}, {}}, options));
      text = json::Dump(value);
      return {};
    });
    return status.ok() ? text : "error: " + status.message();
  }
  void ExpectRefused(const Status& status, StatusCode code, const std::string& words) {
    EXPECT_EQ(status.code(), code) << status.message();
    EXPECT_THAT(status.message(), HasSubstr(words));
  }
  bool Exists(std::string_view path) const { return fs::exists(fs::symlink_status(repository_.Path(path))); }

  ScratchRepository repository_{"tracking", FolderInMemory()};
};

TEST_F(TrackingTest, MoveTakesTheDataAndItsFileAlong) {
  repository_.Write("d/a", "one");
  repository_.Write("into/keep", "x");
  ASSERT_TRUE(repository_.Add({"d"}).ok());
  ASSERT_TRUE(Move("d", "e").ok());
  EXPECT_FALSE(Exists("d") || Exists("d.dvc"));
  EXPECT_EQ(repository_.Read("e/a"), "one");
  EXPECT_THAT(repository_.Read("e.dvc"), HasSubstr("  path: e\n"));
  ASSERT_TRUE(Move("e", "into").ok()) << "a folder that is there receives it under its name";
  EXPECT_EQ(repository_.Read("into/e/a"), "one");
  EXPECT_THAT(repository_.Read("into/e.dvc"), HasSubstr("  path: e\n"));
  EXPECT_EQ(StatusJson(), "{}");
}

TEST_F(TrackingTest, MoveWorksWhereTheDataIsNotThere) {
  repository_.Write("f", "one");
  ASSERT_TRUE(repository_.Add({"f"}).ok());
  fs::remove(repository_.Path("f"));
  ASSERT_TRUE(Move("f", "g").ok());
  ASSERT_TRUE(repository_.Checkout(false).ok());
  EXPECT_EQ(repository_.Read("g"), "one");
}

TEST_F(TrackingTest, MoveReplacesNothing) {
  repository_.Write("f", "one");
  repository_.Write("d/x", "two");
  repository_.Write("taken", "three");
  ASSERT_TRUE(repository_.Add({"f", "d"}).ok());
  ExpectRefused(Move("f", "taken"), StatusCode::kAlreadyExists, "taken");
  ExpectRefused(Move("f", "none/f"), StatusCode::kNotFound, "none");
  ExpectRefused(Move("taken", "other"), StatusCode::kNotFound, "taken");
  ExpectRefused(Move("f", "d/y"), StatusCode::kInvalidArgument, "d.dvc");
  repository_.Write("g.dvc", "outs:\n- path: h\n");
  ExpectRefused(Move("f", "g"), StatusCode::kAlreadyExists, "g.dvc");
  EXPECT_EQ(repository_.Read("f"), "one");
  EXPECT_EQ(repository_.Read("taken"), "three");
}

TEST_F(TrackingTest, RemoveKeepsTheDataUnlessItIsAskedFor) {
  repository_.Write("f", "one");
  repository_.Write("g", "two");
  ASSERT_TRUE(repository_.Add({"f", "g"}).ok());
  ASSERT_TRUE(Remove("f.dvc", /*with_data=*/false, false).ok());
  EXPECT_EQ(repository_.Read("f"), "one");
  EXPECT_FALSE(Exists("f.dvc"));
  repository_.Write("g", "not stored");
  const Status status = Remove("g.dvc", /*with_data=*/true, false);
  EXPECT_FALSE(status.ok()) << "its content is nowhere else";
  EXPECT_THAT(status.message(), HasSubstr("g"));
  EXPECT_EQ(repository_.Read("g"), "not stored");
  EXPECT_TRUE(Exists("g.dvc"));
  ASSERT_TRUE(Remove("g.dvc", /*with_data=*/true, true).ok());
  EXPECT_FALSE(Exists("g") || Exists("g.dvc"));
}

TEST_F(TrackingTest, AddTakesAPartOfAFolderAnew) {
  repository_.Write("d/a", "one");
  repository_.Write("d/s/b", "two");
  ASSERT_TRUE(repository_.Add({"d"}).ok());
  repository_.Write("d/a", "changed");
  repository_.Write("d/s/b", "changed too");
  repository_.Write("d/s/new", "new");
  ASSERT_TRUE(repository_.Add({"d/s"}).ok());
  // What was not named is as it was.
  EXPECT_EQ(StatusJson(), R"({"uncommitted":{"modified":["d/","d/a"]}})");
  ASSERT_TRUE(repository_.Add({"d/a", "d/s/new"}).ok());
  EXPECT_EQ(StatusJson(), "{}");
  EXPECT_FALSE(Exists("d/s.dvc"));
  ExpectRefused(repository_.Run([](const ScratchRepository::Tools& t) {
    return Tracking(t.workspace, t.index).Add({"d/a"}, /*commit=*/false).status();
  }), StatusCode::kInvalidArgument, "d/a");
}

// As DVC counts: what only joins is summed, what is the same keeps its size, and otherwise none is said.
TEST_F(TrackingTest, AFoldersSizeIsSaidWhereItIsKnown) {
  repository_.Write("d/a", "four");
  ASSERT_TRUE(repository_.Add({"d"}).ok());
  repository_.Write("d/b", "12345");
  ASSERT_TRUE(repository_.Add({"d/b"}).ok());
  EXPECT_THAT(repository_.Read("d.dvc"), HasSubstr("  size: 9\n  nfiles: 2\n"));
  ASSERT_TRUE(repository_.Add({"d/b"}).ok());
  EXPECT_THAT(repository_.Read("d.dvc"), HasSubstr("  size: 9\n  nfiles: 2\n"));
  repository_.Write("d/b", "123456");
  ASSERT_TRUE(repository_.Add({"d/b"}).ok());
  EXPECT_EQ(repository_.Read("d.dvc").find("size:"), std::string::npos);
  ASSERT_TRUE(repository_.Add({"d"}).ok());
  EXPECT_THAT(repository_.Read("d.dvc"), HasSubstr("  size: 10\n"));   // last: a key that comes anew is appended
}

TEST_F(TrackingTest, AddRefusesWhatWouldBeTrackedTwice) {
  repository_.Write("d/s/b", "two");
  repository_.Write("f", "one");
  ExpectRefused(repository_.Add({"f", "f"}), StatusCode::kInvalidArgument, "twice");
  ExpectRefused(repository_.Add({"d", "d/s"}), StatusCode::kInvalidArgument, "d/s");
  ASSERT_TRUE(repository_.Add({"d/s"}).ok());
  ExpectRefused(repository_.Add({"d"}), StatusCode::kInvalidArgument, "d/s.dvc");
  ExpectRefused(repository_.Add({"d/s.dvc"}), StatusCode::kInvalidArgument, "d/s.dvc");
  repository_.Write("f.dvc", "outs:\n- path: g\n");
  ExpectRefused(repository_.Add({"f"}), StatusCode::kInvalidArgument, "f.dvc");
  EXPECT_FALSE(Exists("d.dvc"));
}

TEST_F(TrackingTest, IgnoredFilesAreNoDataAndStayWhereTheyAre) {
  repository_.Write(".dvcignore", "*.tmp\n/build/\n!keep.tmp\n");
  repository_.Write("d/a", "one");
  repository_.Write("d/b.tmp", "left out");
  repository_.Write("d/keep.tmp", "taken back");
  repository_.Write("build/x", "x");
  ExpectRefused(repository_.Add({"build"}), StatusCode::kInvalidArgument, ".dvcignore");
  ASSERT_TRUE(repository_.Add({"d"}).ok());
  fs::remove(repository_.Path("d/a"));
  fs::remove(repository_.Path("d/keep.tmp"));
  ASSERT_TRUE(repository_.Checkout(true).ok());
  EXPECT_EQ(repository_.Read("d/b.tmp"), "left out");
  EXPECT_EQ(repository_.Read("d/keep.tmp"), "taken back");
  EXPECT_EQ(StatusJson(), "{}");
  // A .dvcignore inside of data would change what the data is.
  repository_.Write("d/.dvcignore", "a\n");
  ExpectRefused(repository_.Add({"d"}), StatusCode::kInvalidArgument, ".dvcignore");
}

TEST_F(TrackingTest, CommitNamesWhatChangedUntilItIsForced) {
  repository_.Write("d/a", "one");
  repository_.Write("f", "two");
  ASSERT_TRUE(repository_.Add({"d", "f"}).ok());
  EXPECT_TRUE(Commit(false).ok()) << "nothing changed";
  repository_.Write("d/a", "changed");
  ExpectRefused(Commit(false), StatusCode::kPermissionDenied, "d");
  ASSERT_TRUE(Commit(true).ok());
  EXPECT_EQ(StatusJson(), "{}");
  fs::remove(repository_.Path("f"));
  ExpectRefused(Commit(true), StatusCode::kNotFound, "f");
}

TEST_F(TrackingTest, StatusSaysWhatBecameOfEachFile) {
  for (const char* name : {"a", "b", "c"}) repository_.Write(StrCat("d/", name), StrCat("content of ", name));
  repository_.Write("f", "one");
  ASSERT_TRUE(repository_.Add({"d", "f"}).ok());
  repository_.Write("d/a", "changed");
  fs::remove(repository_.Path("d/b"));
  fs::rename(repository_.Path("d/c"), repository_.Path("d/z"));
  repository_.Write("d/s/new", "new");
  fs::remove(repository_.Path("f"));
  EXPECT_EQ(StatusJson(), R"({"uncommitted":{"added":["d/s/new"],"deleted":["d/b","f"],"modified":["d/","d/a"],"renamed":[{"old":"d/c","new":"d/z"}]}})");
  EXPECT_EQ(StatusJson({"f"}), R"({"uncommitted":{"deleted":["f"]}})");
  EXPECT_EQ(StatusJson({"d/s"}), R"({"uncommitted":{"added":["d/s/new"]}})");
}

TEST_F(TrackingTest, AFileInPlaceOfAFolderAndTheOtherWayRound) {
  repository_.Write("d/a", "one");
  repository_.Write("f", "two");
  ASSERT_TRUE(repository_.Add({"d", "f"}).ok());
  fs::remove_all(repository_.Path("d"));
  repository_.Write("d", "a file now");
  fs::remove(repository_.Path("f"));
  repository_.Write("f/x", "a folder now");
  EXPECT_THAT(StatusJson(), HasSubstr("\"d\"")) << StatusJson();
  EXPECT_FALSE(repository_.Checkout(/*force=*/false).ok()) << "what stands there is nowhere else";
  EXPECT_EQ(repository_.Read("d"), "a file now");
  ASSERT_TRUE(repository_.Checkout(/*force=*/true).ok());
  EXPECT_EQ(repository_.Read("d/a"), "one");
  EXPECT_EQ(repository_.Read("f"), "two");
  EXPECT_EQ(StatusJson(), "{}");
}

TEST_F(TrackingTest, AFolderInPlaceOfAFileOfAFolderIsShownAsDvcShowsIt) {
  repository_.Write("d/x", "one");
  repository_.Write("d/z", "two");
  ASSERT_TRUE(repository_.Add({"d"}).ok());
  fs::remove(repository_.Path("d/x"));
  repository_.Write("d/x/y", "new");
  EXPECT_EQ(StatusJson(), R"({"uncommitted":{"added":["d/x/y"],"deleted":["d/x/"],"modified":["d/"]}})");
}

TEST_F(TrackingTest, NamesMayHoldWhatTheyLike) {
  const std::vector<std::string> names = {"a b", "q\"uote", "back\\slash", "new\nline", "tab\t", "\xf0\x9f\x90\xbc", "e\xcc\x81", "\xc3\xa9",
                                          ".hidden", "-dash", "#hash", "'single'", "${x}", "*", "null", "1e3", std::string(255, 'n')};
  for (const std::string& name : names) repository_.Write("d/" + name, "content of " + name);
  ASSERT_TRUE(repository_.Add({"d"}).ok());
  fs::remove_all(repository_.Path("d"));
  ASSERT_TRUE(repository_.Checkout(false).ok());
  for (const std::string& name : names) EXPECT_EQ(repository_.Read("d/" + name), "content of " + name) << name;
  EXPECT_EQ(repository_.Files("d").size(), names.size());
  EXPECT_EQ(StatusJson(), "{}");
  // The same as outputs of their own: each .dvc file reads back.
  for (const std::string& name : names) {
    if (name.size() > 200) continue;   // no room for ".dvc"
    repository_.Write(name, name);
    EXPECT_TRUE(repository_.Add({name}).ok()) << name;
  }
  EXPECT_EQ(StatusJson(), "{}");
}

TEST_F(TrackingTest, LinksInsideTheRepositoryAreTheirContent) {
  repository_.Write("outside/f", "linked");
  repository_.Write("d/a", "one");
  fs::create_symlink("../outside/f", repository_.Path("d/link"));
  fs::create_directory_symlink("../outside", repository_.Path("d/folder"));
  ASSERT_TRUE(repository_.Add({"d"}).ok());
  fs::remove_all(repository_.Path("d"));
  ASSERT_TRUE(repository_.Checkout(false).ok());
  EXPECT_EQ(repository_.Read("d/link"), "linked");
  EXPECT_FALSE(fs::is_symlink(repository_.Path("d/link")));
  EXPECT_FALSE(Exists("d/folder")) << "as DVC: nobody looks behind a link to a folder";
  EXPECT_EQ(repository_.Read("outside/f"), "linked");
}

TEST_F(TrackingTest, CheckoutWritesThroughNoLinkThatCameInBetween) {
  const fs::path victim = fs::path(repository_.root().string() + "-victim");
  fs::create_directories(victim);
  std::ofstream(victim / "a") << "safe";
  repository_.Write("d/a", "one");
  repository_.Write("d/s/b", "two");
  ASSERT_TRUE(repository_.Add({"d"}).ok());
  fs::remove_all(repository_.Path("d/s"));
  fs::create_directory_symlink(victim, repository_.Path("d/s"));
  fs::remove(repository_.Path("d/a"));
  fs::create_symlink(victim / "a", repository_.Path("d/a"));
  (void)repository_.Checkout(/*force=*/true);
  EXPECT_EQ(ReadFile((victim / "a").string()).value_or(""), "safe");
  EXPECT_FALSE(fs::exists(victim / "b"));
  fs::remove_all(victim);
}

TEST_F(TrackingTest, ChangesUnderFalseClocksAreSeen) {
  const auto now = fs::file_time_type::clock::now();
  repository_.Write("future", "one");
  repository_.Write("past", "one");
  fs::last_write_time(repository_.Path("future"), now + std::chrono::hours(1000));
  fs::last_write_time(repository_.Path("past"), now - std::chrono::hours(100'000));
  ASSERT_TRUE(repository_.Add({"future", "past"}).ok());
  EXPECT_EQ(StatusJson(), "{}");
  // The same size and the same time as before: only the time of the change of the inode differs.
  for (const char* name : {"future", "past"}) {
    const auto time = fs::last_write_time(repository_.Path(name));
    std::ofstream(repository_.Path(name)) << "two";
    fs::last_write_time(repository_.Path(name), time);
  }
  EXPECT_EQ(StatusJson(), R"({"uncommitted":{"modified":["future","past"]}})");
}

TEST_F(TrackingTest, GarbageIsWhatNoVersionNames) {
  repository_.Write("d/a", "one");
  repository_.Write("d/b", "two");
  ASSERT_TRUE(repository_.Add({"d"}).ok());
  const size_t before = repository_.Files(".dvc/cache/files").size();
  EXPECT_EQ(before, 3u);
  repository_.Write("d/a", "three");
  ASSERT_TRUE(repository_.Add({"d"}).ok());
  const auto collect = [&](bool spoil) {
    return repository_.Run([&](const ScratchRepository::Tools& t) -> Status {
      std::set<ObjectId> used;
      std::vector<std::string> unknown;
      PANO_RETURN_IF_ERROR(CollectUsed({t.workspace, {}, {}}, t.index, &used, &unknown));
      EXPECT_EQ(unknown.size(), spoil ? 1u : 0u);
      if (spoil) return {};
      PANO_ASSIGN_OR_RETURN(const GarbageReport report, RemoveUnused(t.workspace, used));
      EXPECT_EQ(report.removed, 2u);   // "one" and the manifest that named it
      EXPECT_EQ(report.kept, 3u);
      PANO_ASSIGN_OR_RETURN(const VerifyReport sound, VerifyCache(t.workspace));
      EXPECT_EQ(sound.checked, 3u);
      EXPECT_TRUE(sound.corrupt.empty());
      return {};
    });
  };
  ASSERT_TRUE(collect(false).ok());
  EXPECT_EQ(StatusJson(), "{}");
  // A manifest that is not to be had is said: what it names is not known.
  for (const auto& [path, text] : repository_.Files(".dvc/cache/files")) {
    if (path.ends_with(".dir")) fs::remove(repository_.Path(".dvc/cache/files/" + path));
  }
  EXPECT_TRUE(collect(true).ok());
}

TEST_F(TrackingTest, WhatTheCacheLacksIsSaid) {
  repository_.Write("d/a", "one");
  repository_.Write("d/b", "two");
  ASSERT_TRUE(repository_.Add({"d"}).ok());
  for (const auto& [path, text] : repository_.Files(".dvc/cache/files")) {
    if (text == "two") fs::remove(repository_.Path(".dvc/cache/files/" + path));
  }
  EXPECT_EQ(StatusJson(), R"({"not_in_cache":["d/b"]})");
  fs::remove(repository_.Path("d/b"));
  EXPECT_FALSE(repository_.Checkout(true).ok());
  EXPECT_EQ(repository_.Read("d/a"), "one");
}

}  // namespace
}  // namespace pano::data
