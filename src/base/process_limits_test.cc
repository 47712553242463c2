#include "base/process_limits.h"

#include <gtest/gtest.h>
#include <sched.h>

#include "base/strings.h"
#include "base/testing/machine_tree.h"
#include "base/threads.h"

namespace pano {
namespace {

constexpr uint64_t kMiB = 1 << 20;

TEST(ProcessLimitsTest, ReadsWhatTheKernelSays) {
  MemoryEnv env;
  PutMachine(env);
  const ProcessLimits limits = ReadProcessLimits(env);
  EXPECT_EQ(limits.cpus_online, 8);
  EXPECT_EQ(limits.cpus_allowed, 6);
  EXPECT_EQ(limits.threads(), 6);
  EXPECT_EQ(limits.memory_bytes_total, 4096 * kMiB);
  EXPECT_EQ(limits.memory_bytes_limit(), 4096 * kMiB);
  EXPECT_EQ(limits.memory_limit_from(), "memory");
  EXPECT_EQ(limits.memory_bytes_left(), 2049 * kMiB);  // what is available, and free swap
  EXPECT_EQ(limits.own_bytes_swapped, 2 * kMiB);
  EXPECT_EQ(limits.own_bytes_resident, 10 * kMiB);
  ASSERT_EQ(limits.numa_nodes.size(), 2u);
  EXPECT_EQ(limits.numa_nodes[0].cpus, 4);
  EXPECT_EQ(limits.numa_nodes[0].cpus_allowed, 4);
  EXPECT_EQ(limits.numa_nodes[1].cpus_allowed, 2);
  EXPECT_EQ(limits.numa_nodes[1].memory_bytes, 2048 * kMiB);
  EXPECT_EQ(limits.transparent_huge_pages, "madvise");
  EXPECT_EQ(limits.huge_pages_reserved, 16u);
  EXPECT_EQ(limits.huge_page_bytes, 2 * kMiB);
  EXPECT_EQ(limits.open_files, 1024u);
  EXPECT_EQ(limits.open_files_hard, 524288u);
  EXPECT_EQ(limits.locked_memory_bytes, 65536u);
  EXPECT_FALSE(limits.address_space_bytes);
}

TEST(ProcessLimitsTest, AQuotaRoundsThreadsDownButNeverToNone) {
  MemoryEnv env;
  PutMachine(env);
  for (auto [quota, threads] : {std::pair("350000 100000", 3), {"300000 100000", 3},
                                {"20000 100000", 1}, {"2000000 100000", 6}, {"max 100000", 6}}) {
    PutGroup(env, {.cpu_max = quota});
    EXPECT_EQ(ReadProcessLimits(env).threads(), threads) << quota;
  }
}

TEST(ProcessLimitsTest, MemoryGoesByTheGroupAndByUlimit) {
  MemoryEnv env;
  PutMachine(env);
  PutGroup(env, {.memory_max = "1073741824"});
  ProcessLimits limits = ReadProcessLimits(env);
  EXPECT_EQ(limits.memory_bytes_limit(), 1024 * kMiB);
  EXPECT_EQ(limits.memory_limit_from(), "/sys/fs/cgroup/unit/memory.max");
  EXPECT_EQ(limits.memory_bytes_left(), 924 * kMiB);

  PutFile(env, "/proc/self/limits", "Max address space         536870912            unlimited      bytes\n");
  limits = ReadProcessLimits(env);
  EXPECT_EQ(limits.memory_bytes_limit(), 512 * kMiB);
  EXPECT_EQ(limits.memory_limit_from(), "ulimit -v");
  EXPECT_EQ(limits.memory_bytes_left(), 312 * kMiB);
}

TEST(ProcessLimitsTest, ARefusalNamesTheLimitAndWhatIsLeft) {
  MemoryEnv env;
  PutMachine(env);
  PutGroup(env, {.memory_max = "1073741824"});
  EXPECT_TRUE(CheckMemoryLeft(900 * kMiB, "the weights", env).ok());
  const Status refused = CheckMemoryLeft(1500 * kMiB, "the weights", env);
  EXPECT_EQ(refused.code(), StatusCode::kExhausted);
  EXPECT_EQ(refused.message(),
            "the weights need 1.5 GiB; of 1.0 GiB (/sys/fs/cgroup/unit/memory.max) this process can "
            "still take 924 MiB");
}

TEST(ProcessLimitsTest, AnEmptyMachineLimitsNothing) {
  MemoryEnv env;
  const ProcessLimits limits = ReadProcessLimits(env);
  EXPECT_EQ(limits.threads(), 1);
  EXPECT_EQ(limits.memory_bytes_left(), UINT64_MAX);
  EXPECT_TRUE(CheckMemoryLeft(uint64_t{1} << 60, "x", env).ok());
}

TEST(ProcessLimitsTest, NonsenseIsIgnored) {
  MemoryEnv env;
  for (const char* cpus : {"5-3", "-1", "0-999999999999", "a", ",", "0-", "1-2-3"}) {
    PutFile(env, "/proc/self/status", StrCat("Cpus_allowed_list:\t", cpus, "\n"));
    EXPECT_EQ(ReadProcessLimits(env).cpus_allowed, 0) << cpus;
  }
  PutFile(env, "/proc/meminfo", "MemTotal: -4 kB\nMemAvailable: 99999999999999999 kB\nSwapTotal:\n");
  PutFile(env, "/sys/kernel/mm/transparent_hugepage/enabled", "] [");
  PutFile(env, "/proc/self/limits", "Max open files\nMax processes \nMax address space    x y z\n");
  const ProcessLimits limits = ReadProcessLimits(env);
  EXPECT_EQ(limits.memory_bytes_total, 0u);
  EXPECT_EQ(limits.transparent_huge_pages, "");
  EXPECT_FALSE(limits.open_files);
}

TEST(ProcessLimitsTest, ThisMachineAnswersAsItsSystemCallsDo) {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0) GTEST_SKIP() << "sched_getaffinity fails";
  const ProcessLimits limits = ReadProcessLimits();
  if (limits.cpus_allowed == 0) GTEST_SKIP() << "/proc is not mounted";
  EXPECT_EQ(limits.cpus_allowed, CPU_COUNT(&set));
  EXPECT_EQ(AvailableCores(), limits.threads());
  EXPECT_GT(limits.memory_bytes_total, 0u);
  EXPECT_GE(limits.memory_bytes_total, limits.memory_bytes_available);
}

TEST(ProcessLimitsTest, BytesReadAsPeopleWriteThem) {
  EXPECT_EQ(FormatBytes(0), "0 bytes");
  EXPECT_EQ(FormatBytes(1023), "1023 bytes");
  EXPECT_EQ(FormatBytes(1536), "1.5 KiB");
  EXPECT_EQ(FormatBytes(24684084ull << 10), "24 GiB");
  EXPECT_EQ(FormatBytes(UINT64_MAX), "any amount");
}

}  // namespace
}  // namespace pano
