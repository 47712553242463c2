#include "base/process_limits.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/strings.h"

namespace pano {
namespace {

constexpr size_t kFileBytesMax = 1 << 20;
constexpr int kCpusMax = 1 << 16;   // more is nonsense
constexpr size_t kNodesMax = 1024;

std::string Read(const std::string& path, Env& env) {
  return ReadFile(path, kFileBytesMax, env).value_or("");
}

// What stands behind "key:" in /proc's files, trimmed; "" when the key is absent.
std::string_view ValueOf(std::string_view text, std::string_view key) {
  for (std::string_view line : Split(text, '\n')) {
    if (line.starts_with(key) && line.substr(key.size()).starts_with(':')) {
      return Trim(line.substr(key.size() + 1));
    }
  }
  return {};
}

// "Node 0 MemTotal:   24684084 kB" and "MemTotal: 24684084 kB" in bytes.
uint64_t KilobytesOf(std::string_view text, std::string_view key) {
  std::string_view value = ValueOf(text, key);
  if (value.ends_with(" kB")) value.remove_suffix(3);
  const auto kilobytes = ParseInt(Trim(value));
  if (!kilobytes || *kilobytes < 0 || *kilobytes > INT64_MAX / 1024) return 0;
  return static_cast<uint64_t>(*kilobytes) * 1024;
}

// The set of "0-3,8,10-11"; empty when it is not such a list.
std::vector<bool> ParseCpuList(std::string_view text) {
  std::vector<bool> cpus;
  text = Trim(text);
  if (text.empty()) return cpus;
  for (std::string_view part : Split(text, ',')) {
    const size_t dash = part.find('-');
    const auto first = ParseInt(part.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : ParseInt(part.substr(dash + 1));
    if (!first || !last || *first < 0 || *last < *first || *last >= kCpusMax) return {};
    if (cpus.size() <= static_cast<size_t>(*last)) cpus.resize(static_cast<size_t>(*last) + 1);
    std::fill(cpus.begin() + *first, cpus.begin() + *last + 1, true);
  }
  return cpus;
}

int Count(const std::vector<bool>& cpus) {
  return static_cast<int>(std::count(cpus.begin(), cpus.end(), true));
}

int CountBoth(const std::vector<bool>& a, const std::vector<bool>& b) {
  int count = 0;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) count += a[i] && b[i];
  return count;
}

// The word in brackets of "always [madvise] never".
std::string Bracketed(std::string_view text) {
  const size_t open = text.find('['), close = text.find(']');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) return {};
  return std::string(text.substr(open + 1, close - open - 1));
}

// Soft and hard limit of a line of /proc/self/limits: the name, then columns parted by blanks.
struct Limit {
  std::optional<uint64_t> soft, hard;
};
Limit ReadLimit(std::string_view text, std::string_view name) {
  for (std::string_view line : Split(text, '\n')) {
    if (!line.starts_with(name) || !line.substr(name.size()).starts_with(' ')) continue;
    std::vector<std::string_view> words;
    for (std::string_view word : Split(line.substr(name.size()), ' ')) {
      if (!word.empty()) words.push_back(word);
    }
    const auto value = [&](size_t i) -> std::optional<uint64_t> {
      const auto number = i < words.size() ? ParseInt(words[i]) : std::nullopt;   // or "unlimited"
      if (!number || *number < 0) return std::nullopt;
      return static_cast<uint64_t>(*number);
    };
    return {value(0), value(1)};
  }
  return {};
}

void ReadNumaNodes(Env& env, const std::vector<bool>& allowed, std::vector<NumaNode>& nodes) {
  const std::string root = "/sys/devices/system/node";
  for (const std::string& name : env.List(root).value_or(std::vector<std::string>())) {
    if (!name.starts_with("node") || nodes.size() >= kNodesMax) continue;
    const auto id = ParseInt(std::string_view(name).substr(4));
    if (!id || *id < 0 || *id >= kCpusMax) continue;
    const std::string folder = JoinPath(root, name);
    const std::vector<bool> cpus = ParseCpuList(Read(JoinPath(folder, "cpulist"), env));
    const std::string memory = Read(JoinPath(folder, "meminfo"), env);
    nodes.push_back({static_cast<int>(*id), Count(cpus), CountBoth(cpus, allowed),
                     KilobytesOf(memory, StrCat("Node ", *id, " MemTotal"))});
  }
  std::sort(nodes.begin(), nodes.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
}

void ReadMemory(Env& env, ProcessLimits& limits) {
  const std::string memory = Read("/proc/meminfo", env);
  limits.memory_bytes_total = KilobytesOf(memory, "MemTotal");
  limits.memory_bytes_available = KilobytesOf(memory, "MemAvailable");
  limits.swap_bytes_total = KilobytesOf(memory, "SwapTotal");
  limits.swap_bytes_free = KilobytesOf(memory, "SwapFree");
  limits.huge_page_bytes = KilobytesOf(memory, "Hugepagesize");
  if (auto pages = ParseInt(ValueOf(memory, "HugePages_Total")); pages && *pages > 0) {
    limits.huge_pages_reserved = static_cast<uint64_t>(*pages);
  }
}

void ReadUlimits(Env& env, ProcessLimits& limits) {
  const std::string text = Read("/proc/self/limits", env);
  limits.address_space_bytes = ReadLimit(text, "Max address space").soft;
  limits.locked_memory_bytes = ReadLimit(text, "Max locked memory").soft;
  limits.open_files = ReadLimit(text, "Max open files").soft;
  limits.open_files_hard = ReadLimit(text, "Max open files").hard;
  limits.processes = ReadLimit(text, "Max processes").soft;
}

}  // namespace

int ProcessLimits::threads() const {
  int threads = std::max(1, cpus_allowed > 0 ? cpus_allowed : cpus_online);
  if (cgroup.cpus && *cgroup.cpus < threads) {
    threads = std::max(1, static_cast<int>(std::floor(*cgroup.cpus + 1e-6)));
  }
  return threads;
}

uint64_t ProcessLimits::memory_bytes_limit() const {
  uint64_t limit = memory_bytes_total > 0 ? memory_bytes_total : UINT64_MAX;
  if (cgroup.memory_bytes) limit = std::min(limit, *cgroup.memory_bytes);
  if (address_space_bytes) limit = std::min(limit, *address_space_bytes);
  return limit;
}

std::string ProcessLimits::memory_limit_from() const {
  const uint64_t limit = memory_bytes_limit();
  if (cgroup.memory_bytes == limit) return cgroup.memory_from;
  if (address_space_bytes == limit) return "ulimit -v";
  return "memory";
}

uint64_t ProcessLimits::memory_bytes_left() const {
  uint64_t left = memory_bytes_total > 0 ? memory_bytes_available + swap_bytes_free : UINT64_MAX;
  left = std::min(left, cgroup.memory_bytes_left);
  if (address_space_bytes) {
    left = std::min(left, *address_space_bytes - std::min(*address_space_bytes, own_bytes_mapped));
  }
  return left;
}

ProcessLimits ReadProcessLimits(Env& env) {
  ProcessLimits limits;
  const std::string status = Read("/proc/self/status", env);
  const std::vector<bool> allowed = ParseCpuList(ValueOf(status, "Cpus_allowed_list"));
  const std::vector<bool> online = ParseCpuList(Read("/sys/devices/system/cpu/online", env));
  limits.cpus_online = Count(online);
  // The mask of a process may name processors that the machine does not have.
  limits.cpus_allowed = online.empty() ? Count(allowed) : CountBoth(allowed, online);
  limits.own_bytes_swapped = KilobytesOf(status, "VmSwap");
  limits.own_bytes_resident = KilobytesOf(status, "VmRSS");
  limits.own_bytes_mapped = KilobytesOf(status, "VmSize");
  limits.cgroup = ReadCgroupLimits(env);
  ReadMemory(env, limits);
  ReadNumaNodes(env, allowed, limits.numa_nodes);
  limits.transparent_huge_pages =
      Bracketed(Read("/sys/kernel/mm/transparent_hugepage/enabled", env));
  ReadUlimits(env, limits);
  return limits;
}

Status CheckMemoryLeft(uint64_t bytes, std::string_view what, Env& env) {
  const ProcessLimits limits = ReadProcessLimits(env);
  const uint64_t left = limits.memory_bytes_left();
  if (bytes <= left) return {};
  return Status(StatusCode::kExhausted,
                StrCat(what, " need ", FormatBytes(bytes), "; of ",
                       FormatBytes(limits.memory_bytes_limit()), " (", limits.memory_limit_from(),
                       ") this process can still take ", FormatBytes(left)));
}

std::string FormatBytes(uint64_t bytes) {
  if (bytes == UINT64_MAX) return "any amount";
  const char* unit = "bytes";
  double value = static_cast<double>(bytes);
  for (const char* next : {"KiB", "MiB", "GiB", "TiB"}) {
    if (value < 1024) break;
    value /= 1024;
    unit = next;
  }
  char text[48];
  std::snprintf(text, sizeof text, value < 10 && unit[0] != 'b' ? "%.1f %s" : "%.0f %s", value, unit);
  return text;
}

}  // namespace pano
