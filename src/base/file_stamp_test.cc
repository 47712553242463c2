#include "base/file_stamp.h"

#include <gtest/gtest.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/env.h"
#include "base/random.h"
#include "base/strings.h"

namespace pano {
namespace {

class FileStampTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(Env::Real().MakeFolder(folder_).ok()); }
  void TearDown() override { (void)Env::Real().RemoveTree(folder_); }
  // Written with the same time of change each time, as copies that keep it are.
  void Put(const std::string& path, const std::string& text) {
    ASSERT_TRUE(WriteFile(path, text).ok());
    const timespec times[2] = {{1'000'000, 5}, {1'000'000, 5}};
    ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
  }

  const std::string folder_ = JoinPath(::testing::TempDir(), StrCat("file-stamp-", RandomHex(6)));
  const std::string file_ = JoinPath(folder_, "file");
};

TEST_F(FileStampTest, SaysWhatIsThere) {
  EXPECT_FALSE(StampOf(file_).exists());
  Put(file_, "abc");
  const FileStamp stamp = StampOf(file_);
  EXPECT_TRUE(stamp.exists());
  EXPECT_EQ(stamp.bytes, 3u);
  EXPECT_EQ(stamp.mtime_ns, 1'000'000'000'000'005);
  EXPECT_EQ(StampOf(file_), stamp);
  ASSERT_TRUE(ReadFile(file_).ok());
  EXPECT_EQ(StampOf(file_), stamp);
}

// Another file of the same size and time of change, renamed into the old one's place.
TEST_F(FileStampTest, KnowsAnotherFileOfTheSameSizeAndTime) {
  Put(file_, "abc");
  const FileStamp before = StampOf(file_);
  Put(file_ + ".new", "xyz");
  ASSERT_TRUE(Env::Real().Rename(file_ + ".new", file_).ok());
  const FileStamp after = StampOf(file_);
  EXPECT_EQ(after.bytes, before.bytes);
  EXPECT_EQ(after.mtime_ns, before.mtime_ns);
  EXPECT_NE(after, before);
}

}  // namespace
}  // namespace pano
