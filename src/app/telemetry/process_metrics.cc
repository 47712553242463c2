#include "app/telemetry/process_metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/env.h"
#include "base/strings.h"

namespace pano::telemetry {
namespace {

constexpr size_t kProcBytesMax = 1 << 20;

// The line "btime N" of /proc/stat; 0: unknown.
double BootSeconds() {
  Result<std::string> text = ReadFile("/proc/stat", kProcBytesMax);
  if (!text.ok()) return 0;
  for (std::string_view line : Split(*text, '\n')) {
    if (!line.starts_with("btime ")) continue;
    return static_cast<double>(ParseInt(Trim(line.substr(6))).value_or(0));
  }
  return 0;
}

}  // namespace

std::optional<ProcessStats> ParseProcStat(std::string_view text, double ticks_per_second,
                                          int64_t page_bytes, double boot_seconds) {
  // "pid (name) state ...": the name may hold anything, ")" too.
  const size_t name_end = text.rfind(')');
  if (name_end == std::string_view::npos || ticks_per_second <= 0) return std::nullopt;
  // The field that proc(5) numbers 3 is the first here.
  const std::vector<std::string_view> fields = Split(Trim(text.substr(name_end + 1)), ' ');
  constexpr size_t kFirst = 3, kUserTicks = 14, kSystemTicks = 15, kThreads = 20, kStartTicks = 22,
                   kVirtualBytes = 23, kResidentPages = 24;
  auto number = [&](size_t field) -> std::optional<int64_t> {
    if (field - kFirst >= fields.size()) return std::nullopt;
    return ParseInt(fields[field - kFirst]);
  };
  if (!number(kUserTicks) || !number(kSystemTicks) || !number(kThreads) || !number(kStartTicks) ||
      !number(kVirtualBytes) || !number(kResidentPages)) {
    return std::nullopt;
  }
  ProcessStats stats;
  stats.cpu_seconds =
      static_cast<double>(*number(kUserTicks) + *number(kSystemTicks)) / ticks_per_second;
  stats.start_seconds =
      boot_seconds + static_cast<double>(*number(kStartTicks)) / ticks_per_second;
  stats.virtual_bytes = *number(kVirtualBytes);
  stats.resident_bytes = *number(kResidentPages) * page_bytes;
  stats.threads = *number(kThreads);
  return stats;
}

ProcessMetrics::ProcessMetrics(MetricRegistry& registry)
    : cpu_seconds_(registry.GetCounter(
          {"process_cpu_seconds_total", "User and system time of this process."})),
      start_seconds_(registry.GetGauge(
          {"process_start_time_seconds", "When this process started, in Unix time."})),
      virtual_bytes_(
          registry.GetGauge({"process_virtual_memory_bytes", "Addresses that are mapped."})),
      resident_bytes_(registry.GetGauge(
          {"process_resident_memory_bytes", "Memory that is in RAM, mapped files included."})),
      threads_(registry.GetGauge({"process_threads", "Threads."})),
      open_fds_(registry.GetGauge({"process_open_fds", "Open file descriptors."})),
      max_fds_(registry.GetGauge({"process_max_fds", "File descriptors that may be open."})),
      boot_seconds_(BootSeconds()) {}

void ProcessMetrics::Update() {
  if (Result<std::string> text = ReadFile("/proc/self/stat", kProcBytesMax); text.ok()) {
    std::optional<ProcessStats> stats =
        ParseProcStat(*text, static_cast<double>(sysconf(_SC_CLK_TCK)), sysconf(_SC_PAGESIZE),
                      boot_seconds_);
    if (stats) {
      // What a counter is given is at least 0, whatever the kernel answers.
      cpu_seconds_.Add(std::max(0.0, stats->cpu_seconds - counted_cpu_seconds_));
      counted_cpu_seconds_ = std::max(counted_cpu_seconds_, stats->cpu_seconds);
      start_seconds_.Set(stats->start_seconds);
      virtual_bytes_.Set(static_cast<double>(stats->virtual_bytes));
      resident_bytes_.Set(static_cast<double>(stats->resident_bytes));
      threads_.Set(static_cast<double>(stats->threads));
    }
  }
  if (Result<std::vector<std::string>> names = ListDirectory("/proc/self/fd"); names.ok()) {
    // One of them is the folder itself, which was open to be listed.
    open_fds_.Set(static_cast<double>(names->empty() ? 0 : names->size() - 1));
  }
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    max_fds_.Set(limit.rlim_cur == RLIM_INFINITY ? INFINITY : static_cast<double>(limit.rlim_cur));
  }
}

}  // namespace pano::telemetry
