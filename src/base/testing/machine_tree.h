#pragma once

#include <string>
#include <string_view>

#include "base/strings.h"
#include "base/testing/file_tree.h"

namespace pano {

// Files of a kernel, for tests of what reads them.

// The one group of control groups version 2 that the process is in, with its limits; "" leaves a
// file out.
struct GroupTree {
  std::string_view path = "/unit";
  std::string_view cpu_max = "max 100000";
  std::string_view memory_max = "max";
  std::string_view memory_current = "104857600";
};
inline void PutGroup(MemoryEnv& env, const GroupTree& group) {
  PutFile(env, "/proc/self/cgroup", StrCat("0::", group.path, "\n"));
  PutFile(env, "/proc/self/mountinfo",
          "40 30 0:31 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n");
  const std::string folder = StrCat("/sys/fs/cgroup", group.path);
  const auto put = [&](std::string_view name, std::string_view text) {
    if (!text.empty()) PutFile(env, StrCat(folder, "/", name), text);
  };
  put("cpu.max", group.cpu_max);
  put("memory.max", group.memory_max);
  put("memory.current", group.memory_current);
}

// A machine of two sockets with 8 processors, of which taskset left six (and one that it does not
// have), 4 GiB of memory, half of it available, and 1 MiB of free swap.
inline void PutMachine(MemoryEnv& env) {
  PutFile(env, "/proc/self/status",
          "Name:\tpano\nVmSize:\t  204800 kB\nVmRSS:\t   10240 kB\nVmSwap:\t    2048 kB\n"
          "Cpus_allowed:\t3f\nCpus_allowed_list:\t0-4,6,99\n");
  PutFile(env, "/sys/devices/system/cpu/online", "0-7\n");
  PutFile(env, "/proc/meminfo",
          "MemTotal:       4194304 kB\nMemFree:  1 kB\nMemAvailable:   2097152 kB\n"
          "SwapTotal:  1048576 kB\nSwapFree:   1024 kB\nHugePages_Total:      16\n"
          "Hugepagesize:       2048 kB\n");
  PutFile(env, "/sys/devices/system/node/node0/cpulist", "0-3\n");
  PutFile(env, "/sys/devices/system/node/node0/meminfo", "Node 0 MemTotal:  2097152 kB\n");
  PutFile(env, "/sys/devices/system/node/node1/cpulist", "4-7\n");
  PutFile(env, "/sys/devices/system/node/node1/meminfo", "Node 1 MemTotal:  2097152 kB\n");
  PutFile(env, "/sys/devices/system/node/nodes", "not a node\n");
  PutFile(env, "/sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
  PutFile(env, "/proc/self/limits",
          "Limit                     Soft Limit           Hard Limit           Units     \n"
          "Max processes             96365                96365                processes \n"
          "Max open files            1024                 524288               files     \n"
          "Max locked memory         65536                65536                bytes     \n"
          "Max address space         unlimited            unlimited            bytes     \n");
}

}  // namespace pano
