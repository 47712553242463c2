// kill -9 and a full disk at every call that changes the disk: nothing is lost, nothing is left half-written, and the same
// command, given again, does what it was to do.

#include <gtest/gtest.h>

#include <set>

#include "data/version/cache_upkeep.h"
#include "data/version/testing/fault_data_env.h"
#include "data/version/testing/scratch_repository.h"

namespace pano::data {
namespace {

using Files = std::map<std::string, std::string>;

const Files kFirst = {{"a", "one\n"}, {"s/b", "two\n"}, {"s/c", std::string(3000, 'x')}};
const Files kSecond = {{"a", "ONE\n"}, {"s/c", std::string(3000, 'x')}, {"t/d", "four\n"}};

void Put(const ScratchRepository& scratch, const Files& files) {
  std::filesystem::remove_all(scratch.Path("data"));
  for (const auto& [path, text] : files) scratch.Write("data/" + path, text);
}

// Every object that stands under its name is whole.
void ExpectSoundCache(const ScratchRepository& scratch, int64_t at) {
  const Status status = scratch.Run([&](const ScratchRepository::Tools& tools) -> Status {
    PANO_ASSIGN_OR_RETURN(const std::vector<ObjectId> ids, tools.workspace.store().List());
    const ObjectStore fresh(tools.workspace.store().folder(), {}, nullptr, DataEnv::Real());
    for (const ObjectId& id : ids) PANO_RETURN_IF_ERROR(fresh.Verified(id).status());
    return {};
  });
  EXPECT_TRUE(status.ok()) << "at call " << at << ": " << status.message();
}

// What the .dvc file says can be had from the cache.
void ExpectRestorable(const ScratchRepository& scratch, int64_t at) {
  if (!std::filesystem::exists(scratch.Path("data.dvc"))) return;
  const Status status = scratch.Run([&](const ScratchRepository::Tools& tools) -> Status {
    for (const Output& output : tools.index.outputs) {
      PANO_ASSIGN_OR_RETURN(const DataTree tree, tools.workspace.Tree(*output.id));
      for (size_t i = 0; i < tree.size(); ++i) PANO_RETURN_IF_ERROR(tools.workspace.store().Verified(tree.object(i)).status());
    }
    return {};
  });
  EXPECT_TRUE(status.ok()) << "at call " << at << ": " << status.message();
}

// Nothing but data and what belongs to it.
void ExpectNoLitter(const ScratchRepository& scratch, int64_t at) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(scratch.root())) {
    const std::string path = entry.path().lexically_relative(scratch.root()).string();
    if (path.starts_with(".dvc/tmp")) continue;
    EXPECT_EQ(path.find(".pano-tmp"), std::string::npos) << path << " is left of call " << at;
  }
}

enum class Kind { kCrash, kFullDisk, kCrashRenaming };

FaultPlan PlanAt(Kind kind, int64_t at) {
  FaultPlan plan;
  plan.seed = static_cast<uint64_t>(at);
  if (kind != Kind::kFullDisk) {
    plan.crash_at = at;
  } else {
    plan.fail_at = at;
    plan.fail_errno = ENOSPC;
  }
  return plan;
}

class Crash : public testing::TestWithParam<Kind> {};

TEST_P(Crash, AddLosesNothing) {
  const ScratchRepository scratch("data-crash-add", FolderInMemory());
  Put(scratch, kFirst);
  ASSERT_TRUE(scratch.Add({"data"}).ok());
  int64_t at = 0;
  for (bool done = false; !done && at < 400; ++at) {
    // Every attempt begins from the first version, with new contents to store.
    Put(scratch, kFirst);
    ASSERT_TRUE(scratch.Add({"data"}).ok());
    Files second = kSecond;
    second["fresh"] = StrCat("content of attempt ", at);
    Put(scratch, second);
    FaultDataEnv env(DataEnv::Real(), PlanAt(GetParam(), at), GetParam() != Kind::kCrashRenaming);
    const Status status = scratch.Add({"data"}, env, 1);
    done = env.calls() <= at;
    EXPECT_EQ(scratch.Files("data"), second) << "at call " << at;   // the data itself is never touched
    ExpectSoundCache(scratch, at);
    ExpectRestorable(scratch, at);
    const Status again = scratch.Add({"data"});
    EXPECT_TRUE(again.ok()) << "at call " << at << ": " << again.message();
    ExpectNoLitter(scratch, at);
    std::filesystem::remove_all(scratch.Path("data"));
    EXPECT_TRUE(scratch.Checkout(false).ok());
    EXPECT_EQ(scratch.Files("data"), second) << "at call " << at;
    EXPECT_TRUE(!done || status.ok()) << status.message();
  }
  EXPECT_GT(at, 15);
  EXPECT_LT(at, 400);
}

TEST_P(Crash, CheckoutLeavesOldOrNewFilesWhole) {
  const ScratchRepository scratch("data-crash-checkout", FolderInMemory());
  Put(scratch, kFirst);
  ASSERT_TRUE(scratch.Add({"data"}).ok());
  const std::string first_file = scratch.Read("data.dvc");
  Put(scratch, kSecond);
  ASSERT_TRUE(scratch.Add({"data"}).ok());
  const std::string second_file = scratch.Read("data.dvc");
  int64_t at = 0;
  for (bool done = false; !done && at < 400; ++at) {
    scratch.Write("data.dvc", second_file);
    ASSERT_TRUE(scratch.Checkout(true).ok());
    scratch.Write("data.dvc", first_file);
    FaultDataEnv env(DataEnv::Real(), PlanAt(GetParam(), at), GetParam() != Kind::kCrashRenaming);
    const Status status = scratch.Checkout(false, env, 1);
    done = env.calls() <= at;
    for (const auto& [path, text] : scratch.Files("data")) {
      const bool is_first = kFirst.contains(path) && kFirst.at(path) == text;
      const bool is_second = kSecond.contains(path) && kSecond.at(path) == text;
      EXPECT_TRUE(is_first || is_second) << path << " is neither version at call " << at;
    }
    ExpectSoundCache(scratch, at);
    // Without force: what a broken checkout left can be told from data that nobody has.
    const Status again = scratch.Checkout(false);
    EXPECT_TRUE(again.ok()) << "at call " << at << ": " << again.message();
    EXPECT_EQ(scratch.Files("data"), kFirst) << "at call " << at;
    EXPECT_TRUE(!done || status.ok()) << status.message();
  }
  EXPECT_GT(at, 5);
  EXPECT_LT(at, 400);
}

TEST_P(Crash, MoveKeepsTheDataUnderOneOfItsNames) {
  int64_t at = 0;
  for (bool done = false; !done && at < 100; ++at) {
    const ScratchRepository scratch("data-crash-move", FolderInMemory());
    Put(scratch, kFirst);
    ASSERT_TRUE(scratch.Add({"data"}).ok());
    FaultDataEnv env(DataEnv::Real(), PlanAt(GetParam(), at), GetParam() != Kind::kCrashRenaming);
    (void)scratch.Run([](const ScratchRepository::Tools& tools) { return Tracking(tools.workspace, tools.index).Move("data", "new"); }, env, 1);
    done = env.calls() <= at;
    const Files old_files = scratch.Files("data"), new_files = scratch.Files("new");
    EXPECT_TRUE((old_files == kFirst && new_files.empty()) || (new_files == kFirst && old_files.empty())) << "at call " << at;
    EXPECT_TRUE(std::filesystem::exists(scratch.Path("data.dvc")) || std::filesystem::exists(scratch.Path("new.dvc")));
    EXPECT_TRUE(new_files.empty() || std::filesystem::exists(scratch.Path("new.dvc"))) << "at call " << at;
  }
  EXPECT_GT(at, 3);
}

// An init that was ended is given again, with the same words.
TEST_P(Crash, InitIsGivenAgain) {
  int64_t at = 0;
  for (bool done = false; !done && at < 100; ++at) {
    const ScratchRepository scratch("data-crash-init", FolderInMemory());
    std::filesystem::remove_all(scratch.Path(".dvc"));
    FaultDataEnv env(DataEnv::Real(), PlanAt(GetParam(), at), GetParam() != Kind::kCrashRenaming);
    const Status status = InitRepository(scratch.root().string(), {.no_scm = true}, env);
    done = env.calls() <= at;
    EXPECT_TRUE(!done || status.ok()) << status.message();
    // Either it is no repository yet, or it is one.
    const Status again = InitRepository(scratch.root().string(), {.no_scm = true, .force = true});
    EXPECT_TRUE(again.ok()) << "at call " << at << ": " << again.message();
    scratch.Write("data/a", "one\n");
    EXPECT_TRUE(scratch.Add({"data"}).ok()) << "at call " << at;
    EXPECT_NE(scratch.Read(".dvc/config").find("no_scm"), std::string::npos);
  }
  EXPECT_GT(at, 3);
}

TEST_P(Crash, CommitNamesOnlyWhatIsStored) {
  int64_t at = 0;
  for (bool done = false; !done && at < 200; ++at) {
    const ScratchRepository scratch("data-crash-commit", FolderInMemory());
    Put(scratch, kFirst);
    ASSERT_TRUE(scratch.Add({"data"}).ok());
    Put(scratch, kSecond);
    const auto commit = [](const ScratchRepository::Tools& tools) -> Status {
      PANO_ASSIGN_OR_RETURN(const std::vector<Target> targets, FindTargets(tools.repository, tools.index, {}));
      return Tracking(tools.workspace, tools.index).Commit(targets, /*force=*/true);
    };
    FaultDataEnv env(DataEnv::Real(), PlanAt(GetParam(), at), GetParam() != Kind::kCrashRenaming);
    const Status status = scratch.Run(commit, env, 1);
    done = env.calls() <= at;
    EXPECT_TRUE(!done || status.ok()) << status.message();
    EXPECT_EQ(scratch.Files("data"), kSecond) << "at call " << at;
    ExpectSoundCache(scratch, at);
    ExpectRestorable(scratch, at);
    const Status again = scratch.Run(commit);
    EXPECT_TRUE(again.ok()) << "at call " << at << ": " << again.message();
    ExpectNoLitter(scratch, at);
    std::filesystem::remove_all(scratch.Path("data"));
    EXPECT_TRUE(scratch.Checkout(false).ok());
    EXPECT_EQ(scratch.Files("data"), kSecond) << "at call " << at;
  }
  EXPECT_GT(at, 10);
  EXPECT_LT(at, 200);
}

// Data goes only with what names it still there, so that its content can be had from the cache.
TEST_P(Crash, RemoveCanBeGivenAgain) {
  int64_t at = 0;
  for (bool done = false; !done && at < 100; ++at) {
    const ScratchRepository scratch("data-crash-remove", FolderInMemory());
    Put(scratch, kFirst);
    ASSERT_TRUE(scratch.Add({"data"}).ok());
    const auto remove = [](const ScratchRepository::Tools& tools) { return Tracking(tools.workspace, tools.index).Remove("data.dvc", /*with_data=*/true, /*force=*/false); };
    FaultDataEnv env(DataEnv::Real(), PlanAt(GetParam(), at), GetParam() != Kind::kCrashRenaming);
    (void)scratch.Run(remove, env, 1);
    done = env.calls() <= at;
    if (std::filesystem::exists(scratch.Path("data.dvc"))) {
      ExpectRestorable(scratch, at);
      const Status again = scratch.Run(remove);
      EXPECT_TRUE(again.ok()) << "at call " << at << ": " << again.message();
    }
    EXPECT_TRUE(scratch.Files("data").empty()) << "at call " << at;
    EXPECT_FALSE(std::filesystem::exists(scratch.Path("data.dvc")));
  }
  EXPECT_GT(at, 4);
}

TEST_P(Crash, GarbageCollectionKeepsWhatIsNamed) {
  int64_t at = 0;
  for (bool done = false; !done && at < 100; ++at) {
    const ScratchRepository scratch("data-crash-gc", FolderInMemory());
    Put(scratch, kSecond);
    ASSERT_TRUE(scratch.Add({"data"}).ok());
    Put(scratch, kFirst);
    ASSERT_TRUE(scratch.Add({"data"}).ok());
    const auto collect = [](const ScratchRepository::Tools& tools) -> Status {
      std::set<ObjectId> used;
      std::vector<std::string> unknown;
      PANO_RETURN_IF_ERROR(CollectUsed({tools.workspace, {}, {}}, tools.index, &used, &unknown));
      EXPECT_TRUE(unknown.empty());
      return RemoveUnused(tools.workspace, used).status();
    };
    FaultDataEnv env(DataEnv::Real(), PlanAt(GetParam(), at), GetParam() != Kind::kCrashRenaming);
    const Status status = scratch.Run(collect, env, 1);
    done = env.calls() <= at;
    EXPECT_TRUE(!done || status.ok()) << status.message();
    ExpectSoundCache(scratch, at);
    ExpectRestorable(scratch, at);
    EXPECT_TRUE(scratch.Run(collect).ok()) << "at call " << at;
    EXPECT_FALSE(std::filesystem::exists(scratch.Path(".dvc/cache/" + ObjectId{Md5Of("four\n"), false, HashName::kMd5}.RelativePath())));
  }
  EXPECT_GT(at, 3);
}

INSTANTIATE_TEST_SUITE_P(Kinds, Crash, testing::Values(Kind::kCrash, Kind::kFullDisk, Kind::kCrashRenaming),
                         [](const auto& param) {
                           return param.param == Kind::kCrash ? "Killed" : param.param == Kind::kFullDisk ? "DiskFull" : "KilledWithoutUnnamedFiles";
                         });

}  // namespace
}  // namespace pano::data
