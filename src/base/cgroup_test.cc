#include "base/cgroup.h"

#include <gtest/gtest.h>

#include "base/testing/machine_tree.h"

namespace pano {
namespace {

constexpr uint64_t kMiB = 1 << 20;

TEST(CgroupTest, NoFilesNoLimits) {
  MemoryEnv env;
  const CgroupLimits limits = ReadCgroupLimits(env);
  EXPECT_FALSE(limits.cpus);
  EXPECT_FALSE(limits.memory_bytes);
  EXPECT_EQ(limits.memory_bytes_left, UINT64_MAX);
}

TEST(CgroupTest, TheTightestOfAllGroupsAboveCounts) {
  MemoryEnv env;
  PutGroup(env, {.path = "/team/job/task", .memory_max = "2147483648\n", .memory_current = ""});
  PutFile(env, "/sys/fs/cgroup/team/cpu.max", "150000 100000\n");
  PutFile(env, "/sys/fs/cgroup/team/job/cpu.max", "400000 100000\n");
  PutFile(env, "/sys/fs/cgroup/team/memory.max", "max\n");
  PutFile(env, "/sys/fs/cgroup/team/job/memory.max", "1073741824\n");
  PutFile(env, "/sys/fs/cgroup/team/job/memory.current", "209715200\n");
  PutFile(env, "/sys/fs/cgroup/team/job/memory.stat",
          "anon 1\ninactive_file 10485760\nactive_file 94371840\n");
  const CgroupLimits limits = ReadCgroupLimits(env);
  ASSERT_TRUE(limits.cpus);
  EXPECT_DOUBLE_EQ(*limits.cpus, 1.5);
  EXPECT_EQ(limits.cpus_from, "/sys/fs/cgroup/team/cpu.max");
  EXPECT_EQ(limits.memory_bytes, 1024 * kMiB);
  EXPECT_EQ(limits.memory_from, "/sys/fs/cgroup/team/job/memory.max");
  EXPECT_EQ(limits.memory_bytes_left, 924 * kMiB);  // file pages can be dropped
}

TEST(CgroupTest, MemoryHighIsALimitAndAFullerGroupAboveLeavesLess) {
  MemoryEnv env;
  PutGroup(env, {.path = "/a/b", .memory_current = "1048576\n"});
  PutFile(env, "/sys/fs/cgroup/a/b/memory.high", "104857600\n");
  PutFile(env, "/sys/fs/cgroup/a/memory.max", "209715200\n");
  PutFile(env, "/sys/fs/cgroup/a/memory.current", "199229440\n");
  const CgroupLimits limits = ReadCgroupLimits(env);
  EXPECT_EQ(limits.memory_bytes, 100 * kMiB);
  EXPECT_EQ(limits.memory_from, "/sys/fs/cgroup/a/b/memory.high");
  EXPECT_EQ(limits.memory_bytes_left, 10 * kMiB);
}

TEST(CgroupTest, VersionOneReadsEachControllerInItsOwnHierarchy) {
  MemoryEnv env;
  PutFile(env, "/proc/self/cgroup",
          "9:name=systemd:/\n4:memory:/docker/f00\n2:cpu,cpuacct:/docker/f00\n0::/\n");
  PutFile(env, "/proc/self/mountinfo",
          "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"
          "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
          "33 31 0:30 / /sys/fs/cgroup/memory rw shared:9 - cgroup cgroup rw,memory\n"
          "34 31 0:31 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
  PutFile(env, "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
  PutFile(env, "/sys/fs/cgroup/cpu,cpuacct/docker/f00/cpu.cfs_quota_us", "50000\n");
  PutFile(env, "/sys/fs/cgroup/cpu,cpuacct/docker/f00/cpu.cfs_period_us", "100000\n");
  PutFile(env, "/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  PutFile(env, "/sys/fs/cgroup/memory/docker/f00/memory.limit_in_bytes", "536870912\n");
  PutFile(env, "/sys/fs/cgroup/memory/docker/f00/memory.usage_in_bytes", "52428800\n");
  const CgroupLimits limits = ReadCgroupLimits(env);
  EXPECT_DOUBLE_EQ(limits.cpus.value_or(0), 0.5);
  EXPECT_EQ(limits.memory_bytes, 512 * kMiB);
  EXPECT_EQ(limits.memory_bytes_left, 462 * kMiB);
}

// Inside of a container the mount shows the container's group as its root, while /proc/self/cgroup
// may still name it as the host does.
TEST(CgroupTest, AContainerSeesItsOwnGroupAtTheMount) {
  MemoryEnv env;
  PutFile(env, "/proc/self/cgroup", "4:memory:/docker/f00\n2:cpu:/elsewhere\n");
  PutFile(env, "/proc/self/mountinfo",
          "32 31 0:29 /docker/f00 /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu\n"
          "33 31 0:30 /docker/f00 /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n");
  PutFile(env, "/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "200000\n");
  PutFile(env, "/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  PutFile(env, "/sys/fs/cgroup/memory/memory.limit_in_bytes", "1073741824\n");
  PutFile(env, "/sys/fs/cgroup/memory/memory.usage_in_bytes", "1048576\n");
  PutFile(env, "/sys/fs/cgroup/memory/memory.stat",
          "cache 0\nhierarchical_memory_limit 268435456\ntotal_inactive_file 0\n");
  const CgroupLimits limits = ReadCgroupLimits(env);
  EXPECT_DOUBLE_EQ(limits.cpus.value_or(0), 2);
  EXPECT_EQ(limits.memory_bytes, 256 * kMiB);  // of a group that is not visible here
  EXPECT_EQ(limits.memory_from, "/sys/fs/cgroup/memory/memory.stat");
  EXPECT_EQ(limits.memory_bytes_left, 255 * kMiB);
}

TEST(CgroupTest, MountPointsWithBlanksAreUnescaped) {
  MemoryEnv env;
  PutFile(env, "/proc/self/cgroup", "0::/x\n");
  PutFile(env, "/proc/self/mountinfo", "4 3 0:3 / /c\\040g rw - cgroup2 none rw\n");
  PutFile(env, "/c g/x/cpu.max", "300000 100000\n");
  EXPECT_DOUBLE_EQ(ReadCgroupLimits(env).cpus.value_or(0), 3);
}

TEST(CgroupTest, NonsenseIsNoLimit) {
  MemoryEnv env;
  PutFile(env, "/proc/self/cgroup", "\n:\n0\n0:\n0::/../../x\n::::\n");
  PutFile(env, "/proc/self/mountinfo", " - \n - cgroup2 x y\nx\n1 2 3 / /m - cgroup2 none rw\n");
  for (const char* text : {"", "0 100000", "-5 100000", "100000", "100000 0", "9e9 1", "1 2 3",
                           "99999999999999999999 100000"}) {
    PutFile(env, "/m/cpu.max", text);
    PutFile(env, "/m/memory.max", text);
    EXPECT_FALSE(ReadCgroupLimits(env).cpus) << text;
  }
  PutFile(env, "/m/memory.max", "-1");
  EXPECT_FALSE(ReadCgroupLimits(env).memory_bytes);
}

}  // namespace
}  // namespace pano
