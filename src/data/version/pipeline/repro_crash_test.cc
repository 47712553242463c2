// kill -9 and a full disk at every call of `repro` that changes the disk: dvc.lock names nothing that cannot be had from
// the cache, and the same command, given again, finishes the work.

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "data/version/pipeline/repro.h"
#include "data/version/testing/fault_data_env.h"
#include "data/version/testing/scratch_repository.h"

namespace pano::pipeline {
namespace {

using data::DataEnv;
using data::FaultDataEnv;
using data::ScratchRepository;

constexpr char kStages[] =
    "stages:\n"
    "  a: {cmd: 'mkdir -p made && cp in.txt made/x && echo two > made/y', deps: [in.txt], outs: [made]}\n"
    "  b: {cmd: 'cat made/x made/y > b.txt', deps: [made], outs: [b.txt]}\n";

// Three that need nothing of each other, and one that needs them all.
constexpr char kWide[] =
    "stages:\n"
    "  a: {cmd: 'mkdir -p made && cp in.txt made/x && echo two > made/y', deps: [in.txt], outs: [made]}\n"
    "  c: {cmd: cp in.txt c.txt, deps: [in.txt], outs: [c.txt]}\n"
    "  d: {cmd: cat in.txt in.txt > d.txt, deps: [in.txt], outs: [d.txt]}\n"
    "  b: {cmd: 'cat made/x made/y c.txt d.txt > b.txt', deps: [made, c.txt, d.txt], outs: [b.txt]}\n";

Status Repro(const ScratchRepository& scratch, DataEnv& env = DataEnv::Real(), int parallel = 1) {
  PANO_ASSIGN_OR_RETURN(const auto repository, data::Repository::Find(scratch.root().string(), env));
  PANO_ASSIGN_OR_RETURN(const auto workspace, data::Workspace::Open(*repository, {.threads = 1}));
  const auto files = data::FileSource::OfWorkspace(*repository);
  PANO_ASSIGN_OR_RETURN(Pipelines pipelines, Pipelines::Load(*repository, *files));
  const Status status = Reproduce(*repository, *workspace, pipelines, {}, {.parallel = parallel}).status();
  workspace->Close();
  return status;
}

// What dvc.lock names lies whole in the cache.
void ExpectRestorable(const ScratchRepository& scratch, int64_t at) {
  const auto repository = data::Repository::Find(scratch.root().string());
  ASSERT_TRUE(repository.ok());
  const auto workspace = data::Workspace::Open(**repository, {.threads = 1});
  ASSERT_TRUE(workspace.ok());
  const auto files = data::FileSource::OfWorkspace(**repository);
  const auto pipelines = Pipelines::Load(**repository, *files);
  ASSERT_TRUE(pipelines.ok()) << "at call " << at << ": " << pipelines.error().message();
  for (const Stage& stage : pipelines->stages()) {
    const LockedStage* locked = pipelines->Locked(stage);
    if (locked == nullptr) continue;
    for (const LockedPath& out : locked->outs) {
      ASSERT_TRUE(out.id.has_value());
      const Status whole = (*workspace)->store().Verified(*out.id).status();
      EXPECT_TRUE(whole.ok()) << "at call " << at << ": " << out.path << ": " << whole.message();
      if (!out.id->folder) continue;
      const auto tree = (*workspace)->Tree(*out.id);
      ASSERT_TRUE(tree.ok()) << "at call " << at;
      for (size_t i = 0; i < tree->size(); ++i) {
        EXPECT_TRUE((*workspace)->store().Verified(tree->object(i)).ok()) << "at call " << at;
      }
    }
  }
  (*workspace)->Close();
}

struct CrashCase {
  bool full_disk = false;
  int parallel = 1;   // commands at once
};

// Where commands run at once, which call of the disk is the nth differs from run to run: each is a crash point all the same.
class ReproCrash : public testing::TestWithParam<CrashCase> {};

TEST_P(ReproCrash, IsGivenAgain) {
  const auto [full_disk, parallel] = GetParam();
  const ScratchRepository scratch("data-crash-repro", data::FolderInMemory());
  scratch.Write("dvc.yaml", parallel == 1 ? kStages : kWide);
  int64_t at = 0;
  for (bool done = false; !done && at < 300; ++at) {
    // From a pipeline that ran, with an input that nothing has seen.
    scratch.Write("in.txt", StrCat("before attempt ", at, "\n"));
    ASSERT_TRUE(Repro(scratch, DataEnv::Real(), parallel).ok());
    const std::string input = StrCat("attempt ", at, "\n");
    scratch.Write("in.txt", input);
    FaultPlan plan;
    plan.seed = static_cast<uint64_t>(at);
    if (full_disk) {
      plan.fail_at = at;
      plan.fail_errno = ENOSPC;
    } else {
      plan.crash_at = at;
    }
    FaultDataEnv env(DataEnv::Real(), plan);
    const Status status = Repro(scratch, env, parallel);
    done = env.calls() <= at;
    EXPECT_TRUE(!done || status.ok()) << status.message();
    ExpectRestorable(scratch, at);
    EXPECT_EQ(scratch.Read("in.txt"), input);  // an input is never touched
    const Status again = Repro(scratch, DataEnv::Real(), parallel);
    EXPECT_TRUE(again.ok()) << "at call " << at << ": " << again.message();
    EXPECT_EQ(scratch.Read("b.txt"), parallel == 1 ? input + "two\n" : StrCat(input, "two\n", input, input, input)) << "at call " << at;
    ExpectRestorable(scratch, at);
    // And what it left is what the next one finds unchanged.
    const std::string lock = scratch.Read("dvc.lock");
    EXPECT_TRUE(Repro(scratch).ok());
    EXPECT_EQ(scratch.Read("dvc.lock"), lock) << "at call " << at;
  }
  EXPECT_GT(at, 20);
  EXPECT_LT(at, 300);
}

// Counts how often the cache was synced when dvc.lock got its name. Confined to one thread.
class SyncWatch final : public FaultDataEnv {
 public:
  SyncWatch() : FaultDataEnv(DataEnv::Real(), {}) {}
  Status SyncFileSystem(const std::string& path) override {
    ++syncs_;
    return FaultDataEnv::SyncFileSystem(path);
  }
  Status Rename(const std::string& from, const std::string& to) override {
    if (to.ends_with("/dvc.lock")) at_lock.push_back(syncs_);
    return FaultDataEnv::Rename(from, to);
  }

  std::vector<int> at_lock;

 private:
  int syncs_ = 0;
};

TEST(ReproSync, OutputsAreOnTheDiskBeforeTheLockNamesThem) {
  const ScratchRepository scratch("data-repro-sync", data::FolderInMemory());
  scratch.Write("dvc.yaml", kStages);
  scratch.Write("in.txt", "one\n");
  SyncWatch env;
  ASSERT_TRUE(Repro(scratch, env).ok());
  EXPECT_EQ(env.at_lock, (std::vector<int>{1, 2}));
}

INSTANTIATE_TEST_SUITE_P(Kinds, ReproCrash, testing::Values(CrashCase{false, 1}, CrashCase{true, 1}, CrashCase{false, 3}, CrashCase{true, 3}),
                         [](const auto& param) {
                           return StrCat(param.param.full_disk ? "DiskFull" : "Killed", param.param.parallel > 1 ? "InParallel" : "");
                         });

}  // namespace
}  // namespace pano::pipeline
