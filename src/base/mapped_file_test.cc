#include "base/mapped_file.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <span>
#include <string>

#include "base/env.h"
#include "base/random.h"
#include "base/strings.h"

namespace pano {
namespace {

TEST(MappedFileTest, ForgottenBytesAreStillThere) {
  const std::string path = JoinPath(testing::TempDir(), StrCat("pano-env-", RandomHex(8)));
  const std::string text(100'000, 'x');
  ASSERT_TRUE(WriteFile(path, text).ok());
  auto file = MappedFile::Open(path);
  ASSERT_TRUE(file.ok());
  const std::span<const std::byte> bytes = (*file)->bytes();
  auto read = [&] {
    return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  };
  EXPECT_EQ(read(), text);
  (*file)->Forget(bytes);
  (*file)->Forget(bytes.subspan(10, 20));  // less than a page
  (*file)->Forget({});
  // What lies elsewhere is nobody's business.
  std::string other(20'000, 'y');
  (*file)->Forget(std::as_bytes(std::span(other)));
  EXPECT_EQ(other, std::string(20'000, 'y'));
  EXPECT_EQ(read(), text);
  std::remove(path.c_str());
}

class ChangedFile : public testing::Test {
 protected:
  ChangedFile() : path_(JoinPath(testing::TempDir(), StrCat("pano-mapped-", RandomHex(8)))) {
    EXPECT_TRUE(WriteFile(path_, std::string(100'000, 'x')).ok());
    file_ = MappedFile::Open(path_).value();
  }
  ~ChangedFile() override { std::remove(path_.c_str()); }
  std::string Says() const { return file_->CheckUnchanged().message(); }

  const std::string path_;
  std::shared_ptr<const MappedFile> file_;
};

TEST_F(ChangedFile, InPlaceIsNoticed) {
  EXPECT_EQ(Says(), "");
  ASSERT_EQ(truncate(path_.c_str(), 200'000), 0);
  EXPECT_EQ(Says(), StrCat(path_, ": the file was overwritten while it was in use"));
  ASSERT_EQ(truncate(path_.c_str(), 100), 0);
  EXPECT_EQ(Says(), StrCat(path_, ": the file was cut short while it was in use"));
  EXPECT_EQ(file_->CheckUnchanged().code(), StatusCode::kUnavailable);
}

TEST_F(ChangedFile, AnotherFileUnderTheNameIsNoChange) {
  ASSERT_TRUE(WriteFile(path_, "new").ok());   // by a rename
  EXPECT_EQ(Says(), "");
  std::remove(path_.c_str());
  EXPECT_EQ(Says(), "");
}

// A server died of SIGBUS, with nothing in its log, when a model's file was truncated in place.
TEST_F(ChangedFile, ReadingWhatIsGoneGivesZerosAndIsNoticed) {
  MappedFile::SurviveFaults();
  EXPECT_FALSE(file_->faulted());
  ASSERT_EQ(truncate(path_.c_str(), 4096), 0);
  const auto at = [&](size_t i) {
    return static_cast<int>(*static_cast<const volatile std::byte*>(file_->bytes().data() + i));
  };
  EXPECT_EQ(at(0), 'x');
  EXPECT_EQ(at(99'999), 0);
  EXPECT_EQ(at(50'000), 0);
  EXPECT_TRUE(file_->faulted());
  EXPECT_NE(Says().find("cut short"), std::string::npos);
  const auto other = MappedFile::Open(path_);
  ASSERT_TRUE(other.ok());
  EXPECT_FALSE((*other)->faulted());
}

// `pano eval` died of SIGBUS, with nothing said, when its model was truncated in place.
TEST_F(ChangedFile, ReadingWhatIsGoneEndsAProgramWithAWord) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");   // other tests survive faults, for good
  ASSERT_EQ(truncate(path_.c_str(), 4096), 0);
  std::remove(path_.c_str());   // here: the fixture of a child has no end
  const auto read = [&] {
    MappedFile::EndAtFaults("pano eval");
    (void)static_cast<int>(*static_cast<const volatile std::byte*>(file_->bytes().data() + 99'999));
  };
  EXPECT_EXIT(read(), testing::ExitedWithCode(1),
              "^pano eval: /.*pano-mapped-[0-9a-f]+: the file was cut short while it was in use\n$");
  const auto survive = [&] {
    MappedFile::SurviveFaults();
    read();
    ::_exit(file_->faulted() ? 7 : 0);
  };
  EXPECT_EXIT(survive(), testing::ExitedWithCode(7), "^$");
}

TEST_F(ChangedFile, OtherFaultsEndTheProcess) {
  MappedFile::SurviveFaults();
  EXPECT_DEATH(::raise(SIGBUS), "");
}

}  // namespace
}  // namespace pano
