// The kernel's files as one input: parts between NUL bytes are /proc/self/cgroup, /proc/self/mountinfo,
// /proc/self/status, /proc/self/limits, /proc/meminfo and what every file of a control group under /g
// holds. Whatever they say, there is at least one thread and no arithmetic overflows.
#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/check.h"
#include "base/process_limits.h"
#include "base/strings.h"
#include "base/testing/memory_env.h"

namespace {

void Put(pano::MemoryEnv& env, const std::string& path, std::string_view text) {
  for (size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    (void)env.MakeFolder(path.substr(0, slash));
  }
  auto file = env.Open(path, pano::Env::OpenMode::kWrite);
  PANO_CHECK(file.ok() && (*file)->WriteAll(std::as_bytes(std::span(text))).ok());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 1 << 16) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto parts = pano::Split(input, '\0');
  const auto part = [&](size_t i) { return i < parts.size() ? parts[i] : std::string_view(); };
  constexpr std::array kFiles = {"/proc/self/cgroup", "/proc/self/mountinfo", "/proc/self/status",
                                 "/proc/self/limits", "/proc/meminfo"};
  pano::MemoryEnv env;
  for (size_t i = 0; i < kFiles.size(); ++i) Put(env, kFiles[i], part(i));
  for (const char* name : {"cpu.max", "cpu.cfs_quota_us", "cpu.cfs_period_us", "memory.max",
                           "memory.high", "memory.current", "memory.limit_in_bytes",
                           "memory.usage_in_bytes", "memory.stat"}) {
    Put(env, pano::StrCat("/g/", name), part(5));
    Put(env, pano::StrCat("/g/a/", name), part(6));
  }
  Put(env, "/sys/devices/system/cpu/online", part(7));
  Put(env, "/sys/devices/system/node/node0/cpulist", part(7));
  Put(env, "/sys/kernel/mm/transparent_hugepage/enabled", part(8));
  const pano::ProcessLimits limits = pano::ReadProcessLimits(env);
  PANO_CHECK(limits.threads() >= 1);
  PANO_CHECK(limits.memory_bytes_left() == 0 || !pano::FormatBytes(limits.memory_bytes_left()).empty());
  return 0;
}
