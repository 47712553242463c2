#include "base/testing/known_answers.h"

#include <gtest/gtest-spi.h>

#include <filesystem>

namespace pano {
namespace {

std::string TestFolder() {
  const std::string folder = ::testing::TempDir() + "known_answers_test";
  std::filesystem::create_directories(folder);
  EXPECT_TRUE(WriteFile(JoinPath(folder, "answers"), "1 2 3").ok());
  return folder;
}

TEST(KnownAnswersTest, ComparingNothingIsAFailure) {
  const std::string folder = TestFolder();
  EXPECT_NONFATAL_FAILURE(
      {
        const KnownAnswers answers(folder, "answers", "reason");
        EXPECT_TRUE(answers.found());
      },
      "answers: nothing was compared");
  KnownAnswers answers(folder, "answers", "reason");
  answers.Compared(2);
  answers.Compared(1);
  EXPECT_EQ(answers.compared(), 3u);
}

TEST(KnownAnswersTest, AFileThatIsMissingFromItsSetIsAFailure) {
  static const std::string folder = TestFolder();
  auto run = [] { PANO_KNOWN_ANSWERS(KnownAnswers, answers, folder, "others", "reason"); };
  ::testing::TestPartResultArray failures;
  {
    const ::testing::ScopedFakeTestPartResultReporter catcher(&failures);
    run();
  }
  ASSERT_GE(failures.size(), 1);
  EXPECT_NE(std::string(failures.GetTestPartResult(0).message()).find("missing from its set"),
            std::string::npos);
}

TEST(KnownAnswersTest, AnAbsentSetSkipsWithItsReason) {
  auto run = [] {
    PANO_KNOWN_ANSWERS(KnownAnswers, answers, TestFolder() + "/no/such/set", "answers",
                       "the reason");
    ADD_FAILURE() << "went on";
  };
  ::testing::TestPartResultArray results;
  {
    const ::testing::ScopedFakeTestPartResultReporter catcher(&results);
    run();
  }
  ASSERT_EQ(results.size(), 1);
  EXPECT_TRUE(results.GetTestPartResult(0).skipped());
  EXPECT_NE(std::string(results.GetTestPartResult(0).message()).find("the reason"),
            std::string::npos);
}

}  // namespace
}  // namespace pano
