#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/env.h"

namespace pano {

// What the control groups of this process allow, cgroup v1 and v2 alike: of each limit the tightest
// among its group and the groups above that it can see. A value.
struct CgroupLimits {
  // CPU time in seconds a second: cpu.max; cpu.cfs_quota_us over cpu.cfs_period_us.
  std::optional<double> cpus;
  std::string cpus_from;  // the file that says so
  // memory.max or memory.high; memory.limit_in_bytes or the tighter hierarchical_memory_limit.
  std::optional<uint64_t> memory_bytes;
  std::string memory_from;
  // What the fullest of these groups can still take: its limit less what it uses now, without file
  // pages, which the kernel drops when it has to.
  uint64_t memory_bytes_left = UINT64_MAX;
};

// Reads /proc/self/cgroup, /proc/self/mountinfo and the groups' files, as they are now. Whatever
// cannot be read or makes no sense is no limit.
CgroupLimits ReadCgroupLimits(Env& env = Env::Real());

}  // namespace pano
