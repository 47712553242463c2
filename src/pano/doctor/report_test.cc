#include "pano/doctor/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pano::doctor {
namespace {

using testing::HasSubstr;

Machine InAContainer() {
  Machine m;
  m.cpu_name = "Some CPU";
  m.cpu_has = m.cpu_uses = kernels::kAvx2;
  m.limits.cpus_online = 64;
  m.limits.cpus_allowed = 64;
  m.limits.cgroup = {.cpus = 2.0, .cpus_from = "/cg/cpu.max", .memory_bytes = uint64_t{3} << 30,
                     .memory_from = "/cg/memory.max", .memory_bytes_left = uint64_t{2} << 30};
  m.limits.memory_bytes_total = m.limits.memory_bytes_available = uint64_t{256} << 30;
  m.limits.transparent_huge_pages = "always";
  m.limits.open_files_hard = 4096;
  return m;
}

TEST(DoctorReportTest, TheLineOfTheLogNamesTheLimitsThatCount) {
  EXPECT_EQ(DescribeLimits(InAContainer().limits),
            "64 of 64 processors (quota 2.0: /cg/cpu.max), memory 3.0 GiB of 256 GiB (/cg/memory.max), "
            "2.0 GiB left, huge pages always, 4096 open files");
}

TEST(DoctorReportTest, JsonAndTextSayTheSame) {
  const Machine machine = InAContainer();
  Measured measured;
  measured.first = {.threads = 2, .read_bytes_per_second = 20e9, .f32_flop_per_second = 1e12,
                    .int8_op_per_second = 4e12};
  measured.second = {.threads = 2, .read_bytes_per_second = 21e9, .f32_flop_per_second = 0.9e12,
                     .int8_op_per_second = 4e12};
  const Plan plan{.threads = 2, .kv_bytes = 1 << 30, .isa = "avx2"};
  const std::vector<Finding> none;
  const std::vector<Finding> some = {{Severity::kProblem, "no-avx2", "it has none", "get one"}};

  const json::Value value = ToJson(machine, measured, plan, none);
  EXPECT_TRUE(value.Find("ok")->as_bool());
  EXPECT_FALSE(ToJson(machine, measured, plan, some).Find("ok")->as_bool());
  EXPECT_EQ(value.Find("plan")->Find("threads")->as_int(), 2);
  EXPECT_EQ(value.Find("memory")->Find("limit")->as_int(), int64_t{3} << 30);
  EXPECT_DOUBLE_EQ(value.Find("measured")->Find("read_gb_s")->as_double(), 21);
  EXPECT_TRUE(value.Find("limits")->Find("locked_memory")->is_null());

  const std::string text = FormatReport(machine, measured, plan, some);
  EXPECT_THAT(text, HasSubstr("compute threads   2\n"));
  EXPECT_THAT(text, HasSubstr("21 GB/s"));
  EXPECT_THAT(text, HasSubstr("  problem: it has none\n    get one\n"));
  EXPECT_THAT(FormatReport(machine, measured, plan, none), HasSubstr("nothing is wrong"));
}

}  // namespace
}  // namespace pano::doctor
