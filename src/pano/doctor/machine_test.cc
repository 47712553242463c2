#include "pano/doctor/machine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing/fault_env.h"
#include "base/testing/machine_tree.h"

namespace pano::doctor {
namespace {

using testing::HasSubstr;

TEST(DoctorMachineTest, ReadsProcessorClockAndQuota) {
  MemoryEnv env;
  PutFile(env, "/proc/cpuinfo",
          "processor\t: 0\nmodel name\t: Some CPU @ 2.0GHz\ncpu MHz\t\t: 1000.0\n\n"
          "processor\t: 1\nmodel name\t: Some CPU @ 2.0GHz\ncpu MHz\t\t: 2000.0\n");
  PutFile(env, "/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq", "3500000\n");
  PutFile(env, "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave\n");
  PutFile(env, "/sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count", "3\n");
  PutFile(env, "/sys/devices/system/cpu/cpu1/thermal_throttle/core_throttle_count", "4\n");
  PutFile(env, "/sys/devices/system/cpu/cpufreq/x", "");   // not a processor
  PutFile(env, "/sys/devices/system/clocksource/clocksource0/current_clocksource", "hpet\n");
  PutFile(env, "/proc/stat", "cpu  100 0 50 800 0 0 0 50 99 0\ncpu0 1 2 3\n");
  PutGroup(env, {.cpu_max = "150000 100000\n"});
  PutFile(env, "/sys/fs/cgroup/unit/cpu.stat", "usage_usec 5\nnr_periods 200\nnr_throttled 150\n");
  const Machine machine = ReadMachine(env);
  EXPECT_EQ(machine.cpu_name, "Some CPU @ 2.0GHz");
  EXPECT_DOUBLE_EQ(machine.mhz_max, 3500);
  EXPECT_EQ(machine.governor, "powersave");
  EXPECT_EQ(machine.clock_source, "hpet");
  EXPECT_EQ(machine.quota_periods, 200u);
  EXPECT_EQ(machine.quota_periods_throttled, 150u);
  const CpuMoment moment = ReadCpuMoment(env);
  EXPECT_DOUBLE_EQ(moment.mhz, 1500);
  EXPECT_EQ(moment.throttle_events, 7u);
  EXPECT_EQ(moment.ticks, 1000u);
  EXPECT_EQ(moment.ticks_stolen, 50u);
}

TEST(DoctorMachineTest, AnEmptyMachineIsUnknownAndNotWrong) {
  MemoryEnv env;
  const Machine machine = ReadMachine(env);
  EXPECT_EQ(machine.cpu_name, "unknown");
  EXPECT_TRUE(machine.caches.empty());
  EXPECT_EQ(ReadCpuMoment(env).ticks, 0u);
}

TEST(DoctorMachineTest, AFolderIsTriedWhereItWouldBeMade) {
  MemoryEnv env;
  PutFile(env, "/home/a/notes", "x");
  const CacheFolder fine = TryFolder("/home/a/.cache/huggingface/hub", env);
  EXPECT_EQ(fine.wrong, "");
  EXPECT_GT(fine.bytes_left, 0u);
  EXPECT_THAT(*env.List("/home/a"), testing::ElementsAre("notes"));   // nothing stays
  EXPECT_THAT(TryFolder("/home/a/notes/hub", env).wrong, testing::Not(""));
}

TEST(DoctorMachineTest, AFolderThatCannotBeWrittenSaysWhy) {
  MemoryEnv memory;
  PutFile(memory, "/home/a/notes", "x");
  FaultEnv env(memory, {.fail_at = 2, .fail_errno = EACCES});   // after two looks, the folder
  EXPECT_THAT(TryFolder("/home/a/.cache", env).wrong, HasSubstr("Permission denied"));
}

}  // namespace
}  // namespace pano::doctor
