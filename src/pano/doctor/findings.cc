#include "pano/doctor/findings.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "base/strings.h"

namespace pano::doctor {
namespace {

constexpr uint64_t kMiB = 1 << 20;
constexpr uint64_t kMemoryLeftLeast = 256 * kMiB;      // below, no model of use fits
constexpr uint64_t kMemoryLeftFew = 1024 * kMiB;       // below, keys and values get less than they could
constexpr uint64_t kSwapUsedMuch = 64 * kMiB;
constexpr uint64_t kLockedMemoryUsual = 8 * kMiB;      // the kernel's default since Linux 5.16
constexpr uint64_t kOpenFilesWanted = 1024 + 256;      // connections of `pano serve`, and the rest
constexpr uint64_t kCacheBytesFew = uint64_t{2} << 30; // a small model
constexpr double kShareNoticed = 0.1;
constexpr double kSpreadMuch = 0.25;                   // neighbours on a shared machine move less
constexpr double kClockLow = 0.6;                      // of the highest, after a second of work
constexpr int64_t kClockEarliest = 1767225600;         // 2026-01-01: this was written later

// Lists what Diagnose finds, in its words.
class List {
 public:
  void Problem(std::string id, std::string what, std::string advice) {
    findings_.push_back({Severity::kProblem, std::move(id), std::move(what), std::move(advice)});
  }
  void Advice(std::string id, std::string what, std::string advice) {
    findings_.push_back({Severity::kAdvice, std::move(id), std::move(what), std::move(advice)});
  }
  std::vector<Finding> Take() {
    std::stable_sort(findings_.begin(), findings_.end(),
                     [](const Finding& a, const Finding& b) { return a.severity < b.severity; });
    return std::move(findings_);
  }

 private:
  std::vector<Finding> findings_;
};

std::string Percent(double share) { return StrCat(static_cast<int64_t>(std::lround(share * 100)), " %"); }

std::string OneDecimal(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", value);
  return text;
}

double Spread(double a, double b) {
  const double more = std::max(a, b);
  return more > 0 ? (more - std::min(a, b)) / more : 0;
}

void DiagnoseProcessor(const Machine& m, const Measured& measured, List& list) {
  if (m.x86 && (m.cpu_has & kernels::kAvx2) == 0) {
    list.Problem("no-avx2", "the processor has no AVX2 with FMA, or the virtual machine hides it",
                 "plain code runs, many times slower; in a virtual machine choose the host's processor model");
  }
  if (!m.cpu_chosen.empty() && m.cpu_chosen != "auto" && m.cpu_uses != m.cpu_has) {
    list.Advice("cpu-restricted",
                StrCat("PANO_CPU chooses ", kernels::CpuMaskName(m.cpu_uses), "; this machine has ",
                       kernels::CpuMaskName(m.cpu_has)),
                "unset PANO_CPU");
  }
  const CgroupLimits& group = m.limits.cgroup;
  if (group.cpus && *group.cpus < m.limits.cpus_allowed) {
    const std::string what = StrCat("a quota of ", OneDecimal(*group.cpus), " processors (",
                                    group.cpus_from, ")");
    if (*group.cpus < 1) {
      list.Problem("cpu-quota", what, "every step is stopped in the middle; give at least one");
    } else if (*group.cpus - std::floor(*group.cpus) > 1e-6) {
      list.Advice("cpu-quota", StrCat(what, " pays for ", m.limits.threads(),
                                           m.limits.threads() == 1 ? " thread" : " threads"),
                  "give whole processors, best by a cpuset");
    }
  }
  if (m.quota_periods > 100) {
    const double share = static_cast<double>(m.quota_periods_throttled) /
                         static_cast<double>(m.quota_periods);
    if (share > kShareNoticed) {
      list.Advice("cpu-throttled", StrCat("the quota stopped the group in ", Percent(share), " of its periods"),
                  "raise the quota, or compute with fewer --threads");
    }
  }
  const uint64_t ticks = measured.after.ticks - std::min(measured.after.ticks, measured.before.ticks);
  const uint64_t stolen =
      measured.after.ticks_stolen - std::min(measured.after.ticks_stolen, measured.before.ticks_stolen);
  const double share = ticks > 0 ? static_cast<double>(stolen) / static_cast<double>(ticks) : 0;
  if (share > kShareNoticed) {
    list.Advice("cpu-stolen", StrCat("the hypervisor gave ", Percent(share), " of the time to others"),
                "ask for processors of your own");
  }
}

void DiagnoseSpeed(const Machine& m, const Measured& measured, List& list) {
  if (measured.after.throttle_events > measured.before.throttle_events) {
    list.Advice("thermal-throttling", "the processor slowed down because it was hot",
                "look at fans and dust, or set a lower power limit that it can hold");
  }
  if (m.mhz_max > 0 && measured.after.mhz > 0 && measured.after.mhz < kClockLow * m.mhz_max) {
    list.Advice("low-clock",
                StrCat("under load the processor runs at ", std::lround(measured.after.mhz), " of ",
                       std::lround(m.mhz_max), " MHz",
                       m.governor.empty() ? "" : StrCat(" (governor ", m.governor, ")")),
                "set the governor to performance, or look at the power limit");
  }
  const kernels::MachineLimits &a = measured.first, &b = measured.second;
  if (a.threads > 0 && (a.read_bytes_per_second <= 0 || b.read_bytes_per_second <= 0)) {
    list.Problem("no-memory-to-measure", "the memory to measure bandwidth with could not be had",
                 "free memory or raise the limit");
  }
  const double spread = std::max({Spread(a.read_bytes_per_second, b.read_bytes_per_second),
                                  Spread(a.f32_flop_per_second, b.f32_flop_per_second),
                                  Spread(a.int8_op_per_second, b.int8_op_per_second)});
  if (spread > kSpreadMuch) {
    list.Advice("unsteady", StrCat("two measurements in a row differ by ", Percent(spread)),
                "something else runs here, or the clock moves: see the processes and the governor");
  }
}

void DiagnoseMemory(const Machine& m, List& list) {
  const ProcessLimits& limits = m.limits;
  const uint64_t left = limits.memory_bytes_left();
  const std::string what = StrCat(FormatBytes(left), " of memory are left (", limits.memory_limit_from(), ")");
  if (left < kMemoryLeftLeast) {
    list.Problem("little-memory", what, "end other programs, or raise the limit");
  } else if (left < kMemoryLeftFew) {
    list.Advice("little-memory", what, "keys and values get less than 1 GiB: fewer requests run at once");
  }
  const uint64_t swapped = limits.swap_bytes_total - std::min(limits.swap_bytes_total, limits.swap_bytes_free);
  if (swapped > kSwapUsedMuch || limits.own_bytes_swapped > 0) {
    list.Advice("swap-in-use", StrCat(FormatBytes(std::max(swapped, limits.own_bytes_swapped)), " of swap are in use"),
                "weights that are swapped out stop every step; free memory, or MemorySwapMax=0 in the unit");
  }
  if (limits.transparent_huge_pages == "never") {
    list.Advice("no-huge-pages", "transparent huge pages are off",
                "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled; products read weights faster with them");
  }
  if (limits.address_space_bytes) {
    list.Advice("address-space", StrCat("ulimit -v is ", FormatBytes(*limits.address_space_bytes)),
                "mapped model files count in full; limit memory by a control group instead");
  }
  if (limits.locked_memory_bytes && *limits.locked_memory_bytes < kLockedMemoryUsual) {
    list.Advice("tiny-memlock", StrCat("ulimit -l is ", FormatBytes(*limits.locked_memory_bytes)),
                "nothing can be kept from being swapped out; set LimitMEMLOCK=infinity, or ulimit -l unlimited");
  }
  const auto nodes = std::count_if(limits.numa_nodes.begin(), limits.numa_nodes.end(),
                                   [](const NumaNode& node) { return node.cpus_allowed > 0; });
  if (nodes > 1) {
    list.Advice("numa", StrCat("the processors lie on ", nodes, " NUMA nodes"),
                "memory of another node is slower: run one server a node with numactl --cpunodebind=N --membind=N");
  }
}

void DiagnoseSystem(const Machine& m, List& list) {
  if (m.limits.open_files_hard && *m.limits.open_files_hard < kOpenFilesWanted) {
    list.Advice("few-open-files", StrCat("no more than ", *m.limits.open_files_hard, " files can be open"),
                "LimitNOFILE=65536 in the unit, or ulimit -Hn; each connection takes one");
  }
  constexpr std::array kGoodClocks = {"tsc", "kvm-clock", "arch_sys_counter", "xen", "tsc-early"};
  if (!m.clock_source.empty() && !m.clock_source.starts_with("hyperv") &&
      std::find(kGoodClocks.begin(), kGoodClocks.end(), m.clock_source) == kGoodClocks.end()) {
    list.Advice("slow-clock", StrCat("the clock source is ", m.clock_source),
                "every look at the time asks the kernel or a device; clocksource=tsc where it is stable");
  }
  if (m.unix_seconds > 0 && m.unix_seconds < kClockEarliest) {
    list.Problem("wrong-time", "the clock stands before this program was made",
                 "set it: certificates are refused, and pull fails");
  }
  for (const CacheFolder& cache : m.caches) {
    if (!cache.wrong.empty()) {
      list.Problem("cache-not-writable", StrCat("models cannot be stored: ", cache.wrong),
                   "set HF_HOME to a folder of this user");
    } else if (cache.bytes_left < kCacheBytesFew) {
      list.Advice("cache-full", StrCat(cache.path, ": ", FormatBytes(cache.bytes_left), " are left"),
                  "free some, or set HF_HOME to another disk");
    }
  }
}

}  // namespace

std::string_view SeverityName(Severity severity) {
  return severity == Severity::kProblem ? "problem" : "advice";
}

std::vector<Finding> Diagnose(const Machine& machine, const Measured& measured) {
  List list;
  DiagnoseProcessor(machine, measured, list);
  DiagnoseSpeed(machine, measured, list);
  DiagnoseMemory(machine, list);
  DiagnoseSystem(machine, list);
  return list.Take();
}

}  // namespace pano::doctor
