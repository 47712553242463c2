#include "data/version/pipeline/repro.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/random.h"
#include "base/strings.h"

namespace pano::pipeline {
namespace {

class ReproTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = StrCat(::testing::TempDir(), "/repro_test_", RandomHex(6));
    ASSERT_TRUE(data::MakeFolders(data::DataEnv::Real(), folder_ + "/.dvc").ok());
    Write(".dvc/config", "[core]\n    no_scm = True\n");
    auto repository = data::Repository::Find(folder_);
    ASSERT_TRUE(repository.ok()) << repository.error().message();
    repository_ = *std::move(repository);
  }
  void TearDown() override { ASSERT_TRUE(Env::Real().RemoveTree(folder_).ok()); }

  void Write(const std::string& path, const std::string& text) {
    ASSERT_TRUE(WriteFile(folder_ + "/" + path, text).ok());
  }
  std::string Read(const std::string& path) {
    return ReadFile(folder_ + "/" + path).value_or("(none)");
  }
  Result<ReproReport> Run(ReproOptions options = {}) {
    auto workspace = data::Workspace::Open(*repository_);
    EXPECT_TRUE(workspace.ok());
    const auto files = data::FileSource::OfWorkspace(*repository_);
    PANO_ASSIGN_OR_RETURN(Pipelines pipelines, Pipelines::Load(*repository_, *files));
    said_.clear();
    options.say = [this](const std::string& line) { said_ += line + "\n"; };
    auto report = Reproduce(*repository_, **workspace, pipelines, {}, options);
    (*workspace)->Close();
    return report;
  }
  static std::string Joined(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) text += name + " ";
    return text;
  }

  std::string folder_, said_;
  std::unique_ptr<const data::Repository> repository_;
};

constexpr char kTwo[] =
    "stages:\n"
    "  b:\n    cmd: cat a.txt > b.txt && echo run >> log.b\n    deps: [a.txt]\n    params: [n]\n   "
    " outs: [b.txt]\n"
    "  a:\n    cmd: tr a-z A-Z < in.txt > a.txt && echo run >> log.a\n    deps: [in.txt]\n    "
    "outs: [a.txt]\n";

TEST_F(ReproTest, RunsWhatChangedAndNothingElse) {
  Write("dvc.yaml", kTwo);
  Write("in.txt", "hello\n");
  Write("params.yaml", "n: 1\n");
  auto report = Run();
  ASSERT_TRUE(report.ok()) << report.error().message();
  EXPECT_EQ(Joined(report->ran), "a b ");
  EXPECT_EQ(Read("b.txt"), "HELLO\n");
  const std::string lock = Read("dvc.lock");
  EXPECT_NE(
      lock.find(
          "  a:\n    cmd: tr a-z A-Z < in.txt > a.txt && echo run >> log.a\n    deps:\n    - path: "
          "in.txt\n      hash: md5\n      md5: b1946ac92492d2347c6235b4d2611184\n      size: 6\n"),
      std::string::npos)
      << lock;
  report = Run();
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(Joined(report->unchanged), "a b ");
  EXPECT_EQ(Read("dvc.lock"), lock);
  Write("params.yaml", "n: 2\n");
  report = Run();
  EXPECT_EQ(Joined(report->ran), "b ");
  // Back to what ran before: restored, not run.
  Write("params.yaml", "n: 1\n");
  report = Run();
  EXPECT_EQ(Joined(report->restored), "b ");
  EXPECT_EQ(Read("log.b"), "run\nrun\n");
  EXPECT_EQ(Joined(Run({.targets = {"a"}, .force = true})->ran), "a ");
}

TEST_F(ReproTest, AFailureKeepsWhatWasDone) {
  Write("in.txt", "x\n");
  Write("dvc.yaml",
        "stages:\n  good: {cmd: cp in.txt good, deps: [in.txt], outs: [good]}\n  bad: {cmd: cp "
        "good bad && exit 3, deps: [good], outs: [bad]}\n"
        "  never: {cmd: cp bad never, deps: [bad], outs: [never]}\n  other: {cmd: cp in.txt other, "
        "deps: [in.txt], outs: [other]}\n");
  auto report = Run();
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().message(),
            "failed to reproduce 'bad': failed to run: cp good bad && exit 3, exited with 3");
  EXPECT_NE(Read("dvc.lock").find("good:"), std::string::npos);
  EXPECT_EQ(Read("dvc.lock").find("bad:"), std::string::npos);
  EXPECT_EQ(Read("never"), "(none)");
  EXPECT_FALSE(Run({.keep_going = true}).ok());
  EXPECT_EQ(Read("other"), "x\n");
  Write("dvc.yaml", "stages:\n  lazy: {cmd: 'true', deps: [in.txt], outs: [made]}\n");
  EXPECT_NE(Run().error().message().find("the output 'made' does not exist"), std::string::npos);
  Write("dvc.yaml", "stages:\n  a: {cmd: 'true', deps: [nope]}\n");
  EXPECT_NE(Run().error().message().find("the dependency 'nope' does not exist"),
            std::string::npos);
}

TEST_F(ReproTest, CommandsRunSideBySide) {
  std::string text = "stages:\n";
  for (int i = 0; i < 4; ++i) {
    // Each waits until all four have begun.
    text += StrCat("  s", i, ":\n    cmd: touch begun.", i,
                   "; for k in $(seq 100); do [ $(ls begun.* | wc -l) = 4 ] && break; sleep 0.1; "
                   "done; [ $(ls begun.* | wc -l) = 4 ] && echo ",
                   i, " > o", i, "\n    outs: [o", i, "]\n    deps: [in.txt]\n");
  }
  text += "  last: {cmd: cat o0 o1 o2 o3 > all, deps: [o0, o1, o2, o3], outs: [all]}\n";
  Write("dvc.yaml", text);
  Write("in.txt", "x");
  const auto report = Run({.parallel = 4});
  ASSERT_TRUE(report.ok()) << report.error().message();
  EXPECT_EQ(Read("all"), "0\n1\n2\n3\n");
  EXPECT_EQ(report->ran.back(), "last");
}

TEST_F(ReproTest, AStopEndsCommandsAndWritesNoLock) {
  Write("dvc.yaml", "stages:\n  slow: {cmd: sleep 60; touch out, deps: [in.txt], outs: [out]}\n");
  Write("in.txt", "x");
  std::stop_source stop;
  std::jthread later([&stop] {
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    stop.request_stop();
  });
  const auto report = Run({.stop = stop.get_token()});
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code(), StatusCode::kCancelled) << report.error().message();
  EXPECT_EQ(Read("dvc.lock"), "(none)");
}

TEST_F(ReproTest, DryAndFrozenAndPersistent) {
  Write("in.txt", "x");
  Write(
      "dvc.yaml",
      "stages:\n  p: {cmd: echo more >> kept, deps: [in.txt], outs: [{kept: {persist: true}}]}\n");
  EXPECT_EQ(Joined(Run({.dry = true})->ran), "p ");
  EXPECT_EQ(Read("kept"), "(none)");
  ASSERT_TRUE(Run().ok());
  Write("in.txt", "y");
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(Read("kept"), "more\nmore\n");
  Write("dvc.yaml",
        "stages:\n  p: {cmd: echo more >> kept, deps: [in.txt], frozen: true, outs: [{kept: "
        "{persist: true}}]}\n");
  Write("in.txt", "z");
  EXPECT_EQ(Joined(Run()->unchanged), "p ");
  EXPECT_EQ(Read("kept"), "more\nmore\n");
}

TEST_F(ReproTest, TargetsAreFound) {
  Write("in.txt", "x");
  Write("dvc.yaml",
        "stages:\n  l: {foreach: [a, b], do: {cmd: 'cp in.txt o.${item}', deps: [in.txt], outs: "
        "['o.${item}']}}\n");
  EXPECT_EQ(Joined(Run({.targets = {"l@b"}})->ran), "l@b ");
  EXPECT_EQ(Joined(Run({.targets = {"l"}})->ran), "l@a ");
  const auto none = Run({.targets = {"nope"}});
  ASSERT_FALSE(none.ok());
  EXPECT_NE(none.error().message().find("'nope' is neither a stage"), std::string::npos);
}

}  // namespace
}  // namespace pano::pipeline
