#include "app/models/memory_budget.h"

#include <gtest/gtest.h>

#include "base/strings.h"
#include "base/testing/machine_tree.h"

namespace pano::models {
namespace {

constexpr uint64_t kMiB = 1 << 20;
constexpr uint64_t kGiB = 1 << 30;

// A machine with `total` bytes of which half are free, and a control group with `limit` (0: none).
void PutMemory(MemoryEnv& env, uint64_t total, uint64_t limit, uint64_t used = 0) {
  PutFile(env, "/proc/meminfo",
          StrCat("MemTotal: ", total / 1024, " kB\nMemAvailable: ", total / 2048, " kB\n"));
  PutGroup(env, {.memory_max = limit > 0 ? StrCat(limit) : "max", .memory_current = StrCat(used)});
}

TEST(MemoryBudgetTest, PlentyGivesTheDefault) {
  MemoryEnv env;
  PutMemory(env, 64 * kGiB, 0);
  MemoryBudget budget(2, env);
  EXPECT_EQ(budget.KvBytes(budget.BytesLeft(), 4 * kGiB), MemoryBudget::kKvBytesDefault);
}

TEST(MemoryBudgetTest, WithoutProcNothingIsLimited) {
  MemoryEnv env;
  MemoryBudget budget(1, env);
  EXPECT_EQ(budget.BytesLeft(), UINT64_MAX);
  EXPECT_EQ(budget.KvBytes(UINT64_MAX, kGiB), MemoryBudget::kKvBytesDefault);
  EXPECT_TRUE(budget.Take(uint64_t{1} << 50).ok());
}

TEST(MemoryBudgetTest, ASmallGroupIsSharedAndWeightsCount) {
  MemoryEnv env;
  PutMemory(env, 64 * kGiB, kGiB, 24 * kMiB);
  MemoryBudget budget(2, env);
  // 1024 - 24 used - 128 reserved.
  EXPECT_EQ(budget.BytesLeft(), 872 * kMiB);
  // The weights are mapped: nothing was taken for them, and yet they have to stay in memory.
  EXPECT_EQ(budget.KvBytes(872 * kMiB, 472 * kMiB), static_cast<int64_t>(200 * kMiB));
  // They were packed into memory of their own: used now, not counted twice.
  PutMemory(env, 64 * kGiB, kGiB, 496 * kMiB);
  EXPECT_EQ(budget.KvBytes(872 * kMiB, 472 * kMiB), static_cast<int64_t>(200 * kMiB));
  ASSERT_TRUE(budget.Take(200 * kMiB).ok());
  EXPECT_EQ(budget.BytesLeft(), 200 * kMiB);
  EXPECT_EQ(budget.KvBytes(200 * kMiB, 0), static_cast<int64_t>(200 * kMiB));  // the last one
}

TEST(MemoryBudgetTest, WeightsThatFillTheMemoryLeaveALittle) {
  MemoryEnv env;
  PutMemory(env, 64 * kGiB, kGiB);
  MemoryBudget budget(1, env);
  EXPECT_EQ(budget.KvBytes(budget.BytesLeft(), 8 * kGiB), MemoryBudget::kKvBytesLeast);
}

TEST(MemoryBudgetTest, ARefusalNamesTheLimit) {
  MemoryEnv env;
  PutMemory(env, 64 * kGiB, kGiB);
  MemoryBudget budget(1, env);
  const Status refused = budget.Take(2 * kGiB);
  EXPECT_EQ(refused.code(), StatusCode::kExhausted);
  EXPECT_EQ(refused.message(),
            "[kv] keys and values take 2.0 GiB; of 1.0 GiB (/sys/fs/cgroup/unit/memory.max) 896 MiB are left: "
            "set --kv-bytes lower, or allow more memory");
  EXPECT_EQ(budget.BytesLeft(), 896 * kMiB);
}

TEST(MemoryBudgetTest, WhatIsGivenBackCanBeTakenAgain) {
  MemoryEnv env;
  PutMemory(env, 64 * kGiB, kGiB);
  MemoryBudget budget(1, env);
  ASSERT_TRUE(budget.Take(800 * kMiB).ok());
  EXPECT_FALSE(budget.Take(800 * kMiB).ok());
  budget.Release(800 * kMiB);
  EXPECT_EQ(budget.BytesLeft(), 896 * kMiB);
  EXPECT_TRUE(budget.Take(800 * kMiB).ok());
}

}  // namespace
}  // namespace pano::models
