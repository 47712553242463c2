#include "data/version/pipeline/lock_file.h"

#include <gtest/gtest.h>

#include <string>

namespace pano::pipeline {
namespace {

constexpr char kText[] =
    "schema: '2.0'\n"
    "stages:\n"
    "  count:\n"
    "    cmd:\n"
    "    - a\n"
    "    - b\n"
    "    deps:\n"
    "    - path: clean.txt\n"
    "      hash: md5\n"
    "      md5: 3d2ee843865fa1a84c50b2c67a66950f\n"
    "      size: 105\n"
    "    params:\n"
    "      params.yaml:\n"
    "        train:\n"
    "          x: 0.001\n"
    "          y:\n"
    "    outs:\n"
    "    - path: parts\n"
    "      hash: md5\n"
    "      md5: e525a42aee119c400e26f4cff8a3aebc.dir\n"
    "      size: 47\n"
    "      nfiles: 2\n"
    "  old:\n"
    "    cmd: c\n"
    "    outs:\n"
    "    - path: tool\n"
    "      md5: a363d4386de33ee1835671dd03aaab4b\n"
    "      size: 23\n"
    "      isexec: true\n";

TEST(LockFile, ReadsAndWritesTheSameBytes) {
  auto lock = LockFile::Parse(kText, "dvc.lock");
  ASSERT_TRUE(lock.ok()) << lock.error().message();
  EXPECT_EQ(lock->Text(), kText);
  const LockedStage* count = lock->Find("count");
  ASSERT_NE(count, nullptr);
  EXPECT_EQ(count->Out("parts")->files, 2u);
  EXPECT_TRUE(count->Out("parts")->id->folder);
  EXPECT_EQ(count->Dep("nothing"), nullptr);
  EXPECT_EQ((*count->ParamsOf("params.yaml"))[0].first, "train");
  EXPECT_EQ(lock->Find("old")->Out("tool")->id->hash, data::HashName::kMd5Dos2Unix);
  lock->Set("count", *count);
  EXPECT_EQ(lock->Text(), kText);
}

TEST(LockFile, ANewOneGrows) {
  auto lock = LockFile::Parse("", "dvc.lock");
  ASSERT_TRUE(lock.ok());
  LockedStage stage;
  stage.cmd = "x";
  lock->Set("a", stage);
  EXPECT_EQ(lock->Text(), "schema: '2.0'\nstages:\n  a:\n    cmd: x\n");
}

TEST(LockFile, FailuresNameFileAndLine) {
  const auto failure = [](const std::string& text) {
    const auto lock = LockFile::Parse(text, "dvc.lock");
    EXPECT_FALSE(lock.ok()) << text;
    return lock.ok() ? "" : lock.error().message();
  };
  EXPECT_TRUE(failure("schema: '2.0'\nstages: [").starts_with("dvc.lock: line"));
  EXPECT_EQ(failure("stages: {}\n"),
            "dvc.lock: 'schema' is missing: a lock file of DVC 1.x, or none");
  EXPECT_EQ(failure("schema: '3.0'\n"), "dvc.lock:1: 'schema' is not '2.0'");
  EXPECT_EQ(failure("schema: '2.0'\nstages:\n  a: 3\n"),
            "dvc.lock:3: stage 'a': is a integer, not a mapping");
  EXPECT_EQ(failure("schema: '2.0'\nstages:\n  a:\n    cmd: x\n    outs:\n    - md5: x\n"),
            "dvc.lock:3: stage 'a': an entry has no 'path'");
  EXPECT_NE(failure("schema: '2.0'\nstages:\n  a:\n    cmd: x\n    outs:\n    - path: p\n      "
                    "md5: ../../etc\n")
                .find("dvc.lock:3: stage 'a': 'p': "),
            std::string::npos);
  EXPECT_NE(
      failure(
          "schema: '2.0'\nstages:\n  a:\n    cmd: x\n    outs:\n    - path: p\n      size: -1\n")
          .find("'size' is no size"),
      std::string::npos);
}

}  // namespace
}  // namespace pano::pipeline
