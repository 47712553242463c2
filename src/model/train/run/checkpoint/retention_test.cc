#include "model/train/run/checkpoint/retention.h"

#include <gtest/gtest.h>

#include "model/train/run/checkpoint/folder_writer.h"

namespace pano::train {
namespace {

using Steps = std::vector<int64_t>;

TEST(Retention, KeepsTheNewestTheBestAndWhatIsAhead) {
  struct Case {
    Steps steps;
    int64_t newest, best, keep;
    Steps removed;
  };
  const std::vector<Case> cases = {
      {{}, 0, -1, 1, {}},
      {{10}, 10, -1, 1, {}},
      {{10, 20}, 20, -1, 1, {10}},
      {{30, 10, 20}, 30, -1, 2, {10}},
      {{10, 20, 30}, 30, 10, 1, {20}},
      {{10, 20, 30}, 30, 30, 1, {10, 20}},
      {{10, 20, 30, 40}, 20, -1, 1, {10}},  // 30 and 40 were there before a resume
      {{10, 20, 30}, 30, -1, 100, {}},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(StepsToRemove(c.steps, c.newest, c.best, c.keep), c.removed);
  }
}

TEST(StepFolderName, IsReadAsItIsWrittenOnly) {
  EXPECT_EQ(StepOfFolderName(StepFolderName(0)), 0);
  EXPECT_EQ(StepOfFolderName("step-123456789012"), 123456789012);
  for (const char* name : {"step-", "step-01", "step--1", "step-+1", "step-1 ", "step-1.tmp-ab",
                           "step-99999999999999999999", "checkpoint-1", ""}) {
    EXPECT_EQ(StepOfFolderName(name), -1) << name;
  }
}

}  // namespace
}  // namespace pano::train
