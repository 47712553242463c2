#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/metrics.h"

namespace pano::telemetry {

// What the system knows of this process. A value.
struct ProcessStats {
  double cpu_seconds = 0;  // user and system, of all threads, ended ones too
  double start_seconds = 0;  // Unix time
  int64_t virtual_bytes = 0;
  int64_t resident_bytes = 0;
  int64_t threads = 0;
};

// From the text of /proc/<pid>/stat (proc(5)); nothing for a text that is none. `boot_seconds` is the
// Unix time of the boot, which start times count from.
std::optional<ProcessStats> ParseProcStat(std::string_view text, double ticks_per_second,
                                          int64_t page_bytes, double boot_seconds);

// The series that every Prometheus client library has: process_cpu_seconds_total,
// process_resident_memory_bytes and their siblings, from /proc/self. Confined to whoever scrapes.
class ProcessMetrics {
 public:
  explicit ProcessMetrics(MetricRegistry& registry);
  // Reads /proc; what it does not tell stays as it was.
  void Update();

 private:
  Counter& cpu_seconds_;
  Gauge& start_seconds_;
  Gauge& virtual_bytes_;
  Gauge& resident_bytes_;
  Gauge& threads_;
  Gauge& open_fds_;
  Gauge& max_fds_;
  double boot_seconds_ = 0;
  double counted_cpu_seconds_ = 0;
};

}  // namespace pano::telemetry
