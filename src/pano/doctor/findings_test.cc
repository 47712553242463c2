#include "pano/doctor/findings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace pano::doctor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A machine with nothing to say about.
Machine Healthy() {
  Machine m;
  m.limits.cpus_online = m.limits.cpus_allowed = 8;
  m.limits.memory_bytes_total = uint64_t{64} << 30;
  m.limits.memory_bytes_available = uint64_t{60} << 30;
  m.limits.transparent_huge_pages = "madvise";
  m.limits.locked_memory_bytes = 8 << 20;
  m.limits.open_files_hard = 1 << 20;
  m.limits.numa_nodes = {{.id = 0, .cpus = 8, .cpus_allowed = 8, .memory_bytes = 1}};
  m.x86 = true;
  m.cpu_has = m.cpu_uses = kernels::kAvx2;
  m.mhz_max = 3000;
  m.clock_source = "tsc";
  m.unix_seconds = 1800000000;
  m.caches = {{.path = "/hub", .wrong = "", .bytes_left = uint64_t{100} << 30}};
  return m;
}

Measured Steady() {
  Measured measured;
  measured.first = {.threads = 8, .read_bytes_per_second = 20e9, .f32_flop_per_second = 1e12,
                    .int8_op_per_second = 4e12};
  measured.second = measured.first;
  measured.before = {.mhz = 2800, .throttle_events = 7, .ticks = 1000, .ticks_stolen = 10};
  measured.after = {.mhz = 2800, .throttle_events = 7, .ticks = 2000, .ticks_stolen = 11};
  return measured;
}

std::vector<std::string> Ids(const std::vector<Finding>& findings) {
  std::vector<std::string> ids;
  for (const Finding& f : findings) ids.push_back(std::string(SeverityName(f.severity)) + " " + f.id);
  return ids;
}

TEST(FindingsTest, AHealthyMachineHasNone) { EXPECT_THAT(Diagnose(Healthy(), Steady()), IsEmpty()); }

// Each change of a healthy machine alone gives exactly the finding that names it.
TEST(FindingsTest, EachFaultIsNamed) {
  struct Case {
    const char* finding;
    std::function<void(Machine&, Measured&)> change;
  };
  const Case cases[] = {
      {"problem no-avx2", [](Machine& m, Measured&) { m.cpu_has = m.cpu_uses = 0; }},
      {"advice cpu-restricted", [](Machine& m, Measured&) { m.cpu_chosen = "generic"; m.cpu_uses = 0; }},
      {"problem cpu-quota", [](Machine& m, Measured&) { m.limits.cgroup.cpus = 0.5; }},
      {"advice cpu-quota", [](Machine& m, Measured&) { m.limits.cgroup.cpus = 2.5; }},
      {"advice cpu-throttled",
       [](Machine& m, Measured&) { m.quota_periods = 1000; m.quota_periods_throttled = 200; }},
      {"advice cpu-stolen", [](Machine&, Measured& d) { d.after.ticks_stolen = 200; }},
      {"advice thermal-throttling", [](Machine&, Measured& d) { d.after.throttle_events = 8; }},
      {"advice low-clock", [](Machine&, Measured& d) { d.after.mhz = 900; }},
      {"problem no-memory-to-measure",
       [](Machine&, Measured& d) { d.first.read_bytes_per_second = d.second.read_bytes_per_second = 0; }},
      {"advice unsteady", [](Machine&, Measured& d) { d.second.f32_flop_per_second = 6e11; }},
      {"problem little-memory",
       [](Machine& m, Measured&) { m.limits.memory_bytes_available = 100 << 20; }},
      {"advice little-memory",
       [](Machine& m, Measured&) { m.limits.cgroup.memory_bytes_left = 600 << 20; }},
      {"advice swap-in-use",
       [](Machine& m, Measured&) { m.limits.swap_bytes_total = 1 << 30; m.limits.swap_bytes_free = 1 << 29; }},
      {"advice swap-in-use", [](Machine& m, Measured&) { m.limits.own_bytes_swapped = 4096; }},
      {"advice no-huge-pages",
       [](Machine& m, Measured&) { m.limits.transparent_huge_pages = "never"; }},
      {"advice address-space",
       [](Machine& m, Measured&) { m.limits.address_space_bytes = uint64_t{32} << 30; }},
      {"advice tiny-memlock", [](Machine& m, Measured&) { m.limits.locked_memory_bytes = 65536; }},
      {"advice numa", [](Machine& m, Measured&) { m.limits.numa_nodes.push_back({1, 8, 4, 1}); }},
      {"advice few-open-files", [](Machine& m, Measured&) { m.limits.open_files_hard = 1024; }},
      {"advice slow-clock", [](Machine& m, Measured&) { m.clock_source = "hpet"; }},
      {"problem wrong-time", [](Machine& m, Measured&) { m.unix_seconds = 86400; }},
      {"problem cache-not-writable", [](Machine& m, Measured&) { m.caches[0].wrong = "/hub: no"; }},
      {"advice cache-full", [](Machine& m, Measured&) { m.caches[0].bytes_left = 1 << 20; }},
  };
  for (const Case& c : cases) {
    Machine machine = Healthy();
    Measured measured = Steady();
    c.change(machine, measured);
    EXPECT_THAT(Ids(Diagnose(machine, measured)), ElementsAre(c.finding));
  }
}

TEST(FindingsTest, WhatIsUsualIsNoFinding) {
  Machine machine = Healthy();
  machine.limits.cgroup.cpus = 2;      // whole processors
  machine.limits.numa_nodes.push_back({1, 8, 0, 1});   // pinned to the other node
  machine.x86 = false;                 // Arm has no AVX2 either
  machine.cpu_has = machine.cpu_uses = kernels::kNeon;
  machine.clock_source = "hyperv_clocksource_tsc_page";
  machine.limits.swap_bytes_total = machine.limits.swap_bytes_free = 1 << 30;
  EXPECT_THAT(Diagnose(machine, Steady()), IsEmpty());
}

TEST(FindingsTest, ProblemsComeFirstAndSayWhatToDo) {
  Machine machine = Healthy();
  machine.clock_source = "hpet";
  machine.cpu_has = machine.cpu_uses = 0;
  const std::vector<Finding> findings = Diagnose(machine, Steady());
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_EQ(findings[0].severity, Severity::kProblem);
  EXPECT_THAT(findings[0].what, HasSubstr("AVX2"));
  EXPECT_THAT(findings[0].advice, HasSubstr("virtual machine"));
}

}  // namespace
}  // namespace pano::doctor
