// `kill -9` while a file was written left <target>.tmp-<hex> for ever.
#include "base/abandoned_files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>

#include "base/atomic_file.h"
#include "base/env.h"
#include "base/random.h"
#include "base/strings.h"

namespace pano {
namespace {

class AbandonedFiles : public testing::Test {
 protected:
  AbandonedFiles() : folder_(JoinPath(testing::TempDir(), StrCat("pano-abandoned-", RandomHex(8)))) {
    EXPECT_TRUE(Env::Real().MakeFolder(folder_).ok());
  }
  ~AbandonedFiles() override { EXPECT_TRUE(Env::Real().RemoveTree(folder_).ok()); }

  std::string Path(std::string_view name) const { return JoinPath(folder_, name); }
  // As if written an hour ago.
  void Old(std::string_view name) {
    EXPECT_TRUE(WriteFile(Path(name), "x").ok());
    Age(name);
  }
  void Age(std::string_view name) {
    timespec times[2] = {};
    ::clock_gettime(CLOCK_REALTIME, &times[0]);
    times[0].tv_sec -= 3600;
    times[1] = times[0];
    EXPECT_EQ(::utimensat(AT_FDCWD, Path(name).c_str(), times, 0), 0);
  }
  bool There(std::string_view name) const { return Env::Real().Stat(Path(name)).ok(); }

  const std::string folder_;
};

TEST_F(AbandonedFiles, GoWithTheNextWrite) {
  Old("a.tmp-0123abcd");
  Old("a.tmp-0123abcd0123abcd-f32");
  ASSERT_TRUE(Env::Real().MakeFolder(Path("a.tmp-89abcdef")).ok());
  ASSERT_TRUE(WriteFile(Path("a.tmp-89abcdef/part"), "x").ok());
  Age("a.tmp-89abcdef");
  ASSERT_TRUE(WriteFile(Path("a"), "new").ok());
  EXPECT_FALSE(There("a.tmp-0123abcd"));
  EXPECT_FALSE(There("a.tmp-0123abcd0123abcd-f32"));
  EXPECT_FALSE(There("a.tmp-89abcdef"));
  EXPECT_EQ(ReadFile(Path("a")).value(), "new");
}

TEST_F(AbandonedFiles, OthersStay) {
  for (const char* name : {"b.tmp-0123abcd", "a.tmp-0123", "a.tmp-0123abcx", "a.tmp-0123abcd-old", "a.tmp",
                           "aa.tmp-0123abcd"}) {
    Old(name);
    RemoveAbandoned(Path("a"));
    EXPECT_TRUE(There(name)) << name;
  }
  ASSERT_TRUE(WriteFile(Path("a.tmp-0123abcd"), "x").ok());   // only just
  RemoveAbandoned(Path("a"));
  EXPECT_TRUE(There("a.tmp-0123abcd"));
}

TEST_F(AbandonedFiles, WhatIsBeingWrittenStays) {
  AtomicFile writing(Path("a"));
  const std::string text(100'000, 'x');
  ASSERT_TRUE(writing.Write(std::as_bytes(std::span(text))).ok());
  const auto names = Env::Real().List(folder_).value();
  ASSERT_EQ(names.size(), 1u);
  Age(names[0]);
  Old("a.tmp-0123abcd");
  {
    const WriteMark mark(Path("a.tmp-0123abcd"));
    RemoveAbandoned(Path("a"));
    EXPECT_TRUE(There("a.tmp-0123abcd"));
  }
  RemoveAbandoned(Path("a"));
  EXPECT_FALSE(There("a.tmp-0123abcd"));
  EXPECT_TRUE(There(names[0]));
  EXPECT_TRUE(writing.Commit().ok());
}

}  // namespace
}  // namespace pano
