#include "app/quota/usage_table.h"

#include <gtest/gtest.h>

#include "base/strings.h"

namespace pano::quota {
namespace {

TEST(UsageTable, IsBoundedAndForgetsTheIdleFirst) {
  UsageTable table(3);
  for (const char* subject : {"a", "b", "c"}) {
    table.Find(subject, 0).usage.of(Dimension::kRequestsPerMinute).Add(0, 1);
  }
  ++table.Find("b", 0).usage.concurrent;
  // Nobody is idle: a fourth is one of the others, and so is a fifth.
  EXPECT_EQ(table.Find("d", 1000).subject, UsageTable::kOthers);
  EXPECT_EQ(&table.Find("e", 1000).usage, &table.Find("d", 1000).usage);
  EXPECT_LE(table.size(), 4u);
  // After a minute the others are; who has a request open stays.
  EXPECT_EQ(table.Find("d", 61'000).subject, "d");
  EXPECT_NE(table.Look("b", 61'000), nullptr);
  EXPECT_EQ(table.Look("a", 61'000), nullptr);
}

TEST(UsageTable, ManyNamesTakeNoMoreMemory) {
  UsageTable table(100);
  for (int i = 0; i < 100'000; ++i) {
    table.Find(StrCat("tenant-", i), i).usage.of(Dimension::kTokensPerDay).Add(0, 1);
  }
  EXPECT_LE(table.size(), 101u);
}

}  // namespace
}  // namespace pano::quota
