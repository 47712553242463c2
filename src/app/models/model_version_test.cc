#include "app/models/model_version.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>

#include "app/models/generator.h"
#include "base/env.h"
#include "base/random.h"
#include "base/strings.h"

namespace pano::models {
namespace {

class ChangedModel : public ::testing::Test {
 protected:
  ChangedModel() : path_(JoinPath(::testing::TempDir(), StrCat("pano-version-", RandomHex(8)))) {
    EXPECT_TRUE(WriteFile(path_, std::string(100'000, 'x')).ok());
    const uint64_t before = MappedFile::OpenedCount();
    file_ = MappedFile::Open(path_).value();
    model_.mapped_files = MappedFile::OpenedAfter(before);
  }
  ~ChangedModel() override { std::remove(path_.c_str()); }

  const std::string path_;
  std::shared_ptr<const MappedFile> file_;
  Generator model_;
};

TEST_F(ChangedModel, AnswersNoMore) {
  ASSERT_EQ(model_.mapped_files.size(), 1u);
  ASSERT_EQ(truncate(path_.c_str(), 5000), 0);
  EXPECT_TRUE(model_.CheckFaults().ok());   // nothing was read that is not there
  const Status status = model_.CheckFiles();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_NE(status.message().find("cut short"), std::string::npos);
  EXPECT_EQ(model_.CheckFiles().message(), status.message());   // for good
}

TEST_F(ChangedModel, IsLookedAtOnceASecondAtMost) {
  EXPECT_TRUE(model_.CheckFiles().ok());
  ASSERT_EQ(truncate(path_.c_str(), 5000), 0);
  EXPECT_TRUE(model_.CheckFiles().ok());
}

TEST_F(ChangedModel, FilesThatAreNoLongerReadMayChange) {
  file_.reset();
  ASSERT_EQ(truncate(path_.c_str(), 5000), 0);
  EXPECT_TRUE(model_.CheckFiles().ok());
  EXPECT_TRUE(model_.CheckFaults().ok());
  EXPECT_TRUE(Generator().CheckFiles().ok());
}

}  // namespace
}  // namespace pano::models
