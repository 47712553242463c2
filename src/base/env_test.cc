#include "base/env.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/strings.h"
#include "base/testing/memory_env.h"

namespace pano {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// The same assertions hold for the machine's file system and for the one in memory.
struct EnvCase {
  const char* name;
  std::unique_ptr<MemoryEnv> (*make)();
};

class EnvTest : public testing::TestWithParam<EnvCase> {
 protected:
  EnvTest() : memory_(GetParam().make()), env_(memory_ ? *memory_ : Env::Real()) {
    folder_ = JoinPath(testing::TempDir(), StrCat("pano-env-", RandomHex(8)));
    if (memory_) folder_ = "top";
    EXPECT_TRUE(env_.MakeFolder(folder_).ok());
  }
  ~EnvTest() override { EXPECT_TRUE(env_.RemoveTree(folder_).ok()); }

  std::string Path(std::string_view name) const { return JoinPath(folder_, name); }
  Status Put(std::string_view name, std::string_view text) {
    auto file = env_.Open(Path(name), Env::OpenMode::kWrite);
    if (!file.ok()) return file.status();
    return (*file)->WriteAll(std::as_bytes(std::span(text)));
  }

  const std::unique_ptr<MemoryEnv> memory_;
  Env& env_;
  std::string folder_;
};

TEST_P(EnvTest, FilesAreWrittenAppendedAndReadInPieces) {
  ASSERT_TRUE(Put("a", "old and longer").ok());
  ASSERT_TRUE(Put("a", "one").ok());
  auto more = env_.Open(Path("a"), Env::OpenMode::kAppend);
  ASSERT_TRUE(more.ok());
  EXPECT_EQ(*(*more)->WriteSome({}), 0u);
  ASSERT_TRUE((*more)->WriteAll(std::as_bytes(std::span(std::string_view(" two")))).ok());
  ASSERT_TRUE((*more)->Sync().ok());
  ASSERT_TRUE((*more)->Close().ok());
  EXPECT_EQ(*ReadFile(Path("a"), 100, env_), "one two");
  auto file = env_.Open(Path("a"), Env::OpenMode::kRead);
  ASSERT_TRUE(file.ok());
  std::byte buffer[4];
  EXPECT_EQ(*(*file)->ReadSome(buffer), 4u);
  EXPECT_EQ(*(*file)->ReadSome(buffer), 3u);
  EXPECT_EQ(*(*file)->ReadSome(buffer), 0u);
  const auto info = env_.Stat(Path("a"));
  ASSERT_TRUE(info.ok());
  EXPECT_EQ(info->kind, FileInfo::Kind::kFile);
  EXPECT_EQ(info->bytes, 7u);
}

TEST_P(EnvTest, NamesMoveInOneStep) {
  ASSERT_TRUE(Put("a", "1").ok());
  ASSERT_TRUE(Put("b", "2").ok());
  ASSERT_TRUE(env_.Rename(Path("a"), Path("b")).ok());
  EXPECT_EQ(*ReadFile(Path("b"), 9, env_), "1");
  EXPECT_THAT(*env_.List(folder_), ElementsAre("b"));
  ASSERT_TRUE(env_.MakeFolder(Path("d")).ok());
  ASSERT_TRUE(Put("d/x", "3").ok());
  if (const Status swapped = env_.Exchange(Path("b"), Path("d")); swapped.ok()) {
    EXPECT_EQ(*ReadFile(Path("b/x"), 9, env_), "3");
    EXPECT_EQ(*ReadFile(Path("d"), 9, env_), "1");
    ASSERT_TRUE(env_.Exchange(Path("b"), Path("d")).ok());
  } else {
    EXPECT_EQ(swapped.code(), StatusCode::kUnimplemented) << swapped.ToString();
  }
  ASSERT_TRUE(env_.Rename(Path("d"), Path("e")).ok());
  EXPECT_EQ(*ReadFile(Path("e/x"), 9, env_), "3");
  EXPECT_TRUE(env_.SyncFolder(folder_).ok());
}

TEST_P(EnvTest, RefusalsHaveCodes) {
  EXPECT_EQ(env_.Open(Path("none"), Env::OpenMode::kRead).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(env_.Open(Path("none/a"), Env::OpenMode::kWrite).status().code(),
            StatusCode::kNotFound);
  EXPECT_EQ(env_.Stat(Path("none")).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(env_.List(Path("none")).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(env_.Remove(Path("none")).code(), StatusCode::kNotFound);
  EXPECT_EQ(env_.Rename(Path("none"), Path("a")).code(), StatusCode::kNotFound);
  EXPECT_EQ(env_.SyncFolder(Path("none")).code(), StatusCode::kNotFound);
  EXPECT_EQ(env_.MakeFolder(folder_).code(), StatusCode::kAlreadyExists);
  ASSERT_TRUE(Put("a", "1").ok());
  EXPECT_EQ(env_.Remove(folder_).code(), StatusCode::kAlreadyExists);  // not empty
  EXPECT_EQ(env_.List(Path("a")).status().code(), StatusCode::kNotFound);
  EXPECT_TRUE(env_.RemoveTree(Path("none")).ok());
  // The message is the bare reason.
  EXPECT_EQ(env_.Remove(Path("none")).message(), "No such file or directory");
}

TEST_P(EnvTest, ReadFileSaysWhatAndWhy) {
  ASSERT_TRUE(Put("a", "12345").ok());
  EXPECT_EQ(*ReadFile(Path("a"), 5, env_), "12345");
  EXPECT_EQ(ReadFile(Path("a"), 4, env_).status().message(),
            StrCat(Path("a"), ": is larger than the limit of 4 bytes"));
  EXPECT_EQ(ReadFile(folder_, 4, env_).status().message(), StrCat(folder_, ": is a folder"));
  EXPECT_EQ(ReadFile(Path("b"), 4, env_).status().message(),
            StrCat(Path("b"), ": cannot open: No such file or directory"));
}

TEST_P(EnvTest, SpaceIsKnown) { EXPECT_GT(*env_.SpaceLeft(folder_), 0u); }

INSTANTIATE_TEST_SUITE_P(
    Both, EnvTest,
    testing::Values(EnvCase{"Real", [] { return std::unique_ptr<MemoryEnv>(); }},
                    EnvCase{"Memory", [] { return std::make_unique<MemoryEnv>(); }}),
    [](const auto& of) { return std::string(of.param.name); });

TEST(Env, VariablesComeThroughIt) {
  MemoryEnv env;
  EXPECT_EQ(env.Variable("PANO_X"), "");
  env.SetVariable("PANO_X", "1");
  EXPECT_EQ(env.Variable("PANO_X"), "1");
  EXPECT_NE(EnvironmentVariable("PATH"), "");
  EXPECT_EQ(EnvironmentVariable("PANO_SURELY_NOT_SET"), "");
}

TEST(Path, Parts) {
  EXPECT_EQ(FolderName("a/b/c.gguf"), "a/b");
  EXPECT_EQ(FolderName("c.gguf"), ".");
  EXPECT_EQ(FolderName("/c"), "/");
  EXPECT_EQ(FolderName("a//b/"), "a");
  EXPECT_EQ(BaseName("a/b/"), "b");
  EXPECT_EQ(Stem("a/b.c.d"), "b.c");
  EXPECT_EQ(JoinPath("a", "/b"), "/b");
}

}  // namespace
}  // namespace pano
