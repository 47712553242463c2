#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/env.h"
#include "base/process_limits.h"
#include "model/kernels/cpu.h"
#include "model/kernels/limits/limits.h"

namespace pano::doctor {

// Where the processor stands at one moment; two of them tell what happened in between.
struct CpuMoment {
  double mhz = 0;                 // mean of the processors; 0: unknown
  uint64_t throttle_events = 0;   // thermal, of all cores
  uint64_t ticks = 0;             // of /proc/stat: all, and those that the hypervisor gave to others
  uint64_t ticks_stolen = 0;
};

// A folder that pano writes into when it has to. `wrong` is empty when it can.
struct CacheFolder {
  std::string path;
  std::string wrong;
  uint64_t bytes_left = 0;
};

// What was found. A value.
struct Machine {
  ProcessLimits limits;
  std::string cpu_name = "unknown";
  bool x86 = false;
  kernels::CpuMask cpu_has = 0;
  kernels::CpuMask cpu_uses = 0;
  std::string cpu_chosen;         // PANO_CPU
  double mhz_max = 0;             // 0: unknown
  std::string governor;           // of cpufreq; "" where unknown
  std::string clock_source;
  int64_t unix_seconds = 0;
  // Of the control group whose quota counts: periods, and those in which it was stopped.
  uint64_t quota_periods = 0;
  uint64_t quota_periods_throttled = 0;
  std::vector<CacheFolder> caches;
};

// What was measured, twice; the second follows the first at once.
struct Measured {
  kernels::MachineLimits first, second;
  CpuMoment before, after;
};

// Files only; the masks, the time and the folders are filled in by the caller.
Machine ReadMachine(Env& env);
CpuMoment ReadCpuMoment(Env& env);

// Makes and removes an empty folder in it, or in the nearest folder above that exists.
CacheFolder TryFolder(const std::string& path, Env& env);

}  // namespace pano::doctor
