#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/cgroup.h"
#include "base/env.h"
#include "base/status.h"

namespace pano {

// A part of the machine's memory with the processors next to it.
struct NumaNode {
  int id = 0;
  int cpus = 0;          // online
  int cpus_allowed = 0;  // of them, those that this process may run on
  uint64_t memory_bytes = 0;
};

// What this process may use of the machine that it runs on: a container, a service's unit, taskset
// and ulimit all take something away. An absent limit is no limit; 0 means that it could not be
// read.
// A value.
struct ProcessLimits {
  int cpus_online = 0;
  int cpus_allowed = 0;  // affinity, cpusets included
  CgroupLimits cgroup;

  uint64_t memory_bytes_total = 0;      // the machine's
  uint64_t memory_bytes_available = 0;  // of it, without swapping
  uint64_t swap_bytes_total = 0;
  uint64_t swap_bytes_free = 0;
  uint64_t own_bytes_swapped = 0;  // of this process
  uint64_t own_bytes_resident = 0;
  uint64_t own_bytes_mapped = 0;   // address space

  std::vector<NumaNode> numa_nodes;
  std::string transparent_huge_pages;  // "always", "madvise", "never"; "" where unknown
  uint64_t huge_page_bytes = 0;
  uint64_t huge_pages_reserved = 0;    // of the pool that an administrator set aside

  // ulimit: soft limits, and the hard one of open files.
  std::optional<uint64_t> address_space_bytes;
  std::optional<uint64_t> locked_memory_bytes;
  std::optional<uint64_t> open_files;
  std::optional<uint64_t> open_files_hard;
  std::optional<uint64_t> processes;

  // Threads that compute by default: the processors that this process may run on, or fewer where a
  // quota gives it less time. A quota is rounded down: more threads than it pays for are all
  // stopped for the rest of each period, and every step waits for the slowest.
  int threads() const;
  // The most memory that this process can ever have, and what says so ("memory" for the machine's).
  uint64_t memory_bytes_limit() const;
  std::string memory_limit_from() const;
  // What it can still take now.
  uint64_t memory_bytes_left() const;
};

// Reads /proc and /sys as they are now. What cannot be read stays 0 or absent.
ProcessLimits ReadProcessLimits(Env& env = Env::Real());

// Exhausted when `bytes` of memory that will all be used are more than the process can take now;
// the message says for what, how much there is, and which limit says so. Better than to be killed.
Status CheckMemoryLeft(uint64_t bytes, std::string_view what, Env& env = Env::Real());

// "3.5 GiB", "12 MiB", "900 bytes".
std::string FormatBytes(uint64_t bytes);

}  // namespace pano
