#include "base/cgroup.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "base/strings.h"

namespace pano {
namespace {

// None of these files is larger in earnest; a machine with thousands of containers has a long mountinfo.
constexpr size_t kFileBytesMax = 1 << 20;
constexpr size_t kMountsBytesMax = 16 << 20;
constexpr size_t kLevelsMax = 128;
// v1 says "no limit" by the largest multiple of the page size; no machine has that much.
constexpr uint64_t kNoLimit = uint64_t{1} << 60;

std::string Read(const std::string& path, Env& env, size_t bytes_max = kFileBytesMax) {
  return ReadFile(path, bytes_max, env).value_or("");
}

std::optional<uint64_t> ParseCount(std::string_view text) {
  const auto value = ParseInt(Trim(text));
  if (!value || *value < 0) return std::nullopt;
  return static_cast<uint64_t>(*value);
}

std::optional<uint64_t> ReadCount(const std::string& path, Env& env) {
  return ParseCount(Read(path, env));
}

// The number behind `key` in a file of "key number" lines.
std::optional<uint64_t> CountOf(const std::string& text, std::string_view key) {
  for (std::string_view line : Split(text, '\n')) {
    if (line.starts_with(key) && line.substr(key.size()).starts_with(' ')) {
      return ParseCount(line.substr(key.size() + 1));
    }
  }
  return std::nullopt;
}

// A path of mountinfo: blanks and backslashes stand as three octal digits.
std::string Unescape(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size()) {
      int code = 0;
      bool octal = true;
      for (size_t k = 1; k <= 3; ++k) {
        octal = octal && text[i + k] >= '0' && text[i + k] <= '7';
        code = code * 8 + (text[i + k] - '0');
      }
      if (octal && code < 256) {
        out.push_back(static_cast<char>(code));
        i += 3;
        continue;
      }
    }
    out.push_back(text[i]);
  }
  return out;
}

bool HasWord(std::string_view list, std::string_view word) {
  for (std::string_view part : Split(list, ',')) {
    if (part == word) return true;
  }
  return false;
}

// A mounted hierarchy: of v2 (`controllers` empty) or of some controllers of v1.
struct Mount {
  std::string root;    // the group that the mount point shows
  std::string folder;  // the mount point
  std::string controllers;
  bool v2 = false;
};

// "31 23 0:28 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu"
std::vector<Mount> ReadMounts(Env& env) {
  std::vector<Mount> mounts;
  const std::string text = Read("/proc/self/mountinfo", env, kMountsBytesMax);
  for (std::string_view line : Split(text, '\n')) {
    const size_t dash = line.find(" - ");
    if (dash == std::string_view::npos) continue;
    const auto before = Split(line.substr(0, dash), ' ');
    const auto after = Split(line.substr(dash + 3), ' ');
    if (before.size() < 5 || after.size() < 3) continue;
    if (after[0] != "cgroup" && after[0] != "cgroup2") continue;
    mounts.push_back({Unescape(before[3]), Unescape(before[4]), std::string(after[2]),
                      after[0] == "cgroup2"});
  }
  return mounts;
}

// The group's path in the hierarchy of a v1 controller, or in v2's ("0::/path").
std::optional<std::string> GroupPath(const std::string& groups, std::string_view controller) {
  for (std::string_view line : Split(groups, '\n')) {
    const size_t first = line.find(':');
    if (first == std::string_view::npos) continue;
    const size_t second = line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    const std::string_view named = line.substr(first + 1, second - first - 1);
    if (controller.empty() ? named.empty() : HasWord(named, controller)) {
      return std::string(line.substr(second + 1));
    }
  }
  return std::nullopt;
}

// The folders of the group and of all above it, innermost first. A group outside of what the mount
// shows (a container that sees its host's /proc/self/cgroup) is the mount's own.
std::vector<std::string> Folders(const Mount& mount, std::string_view group) {
  std::string_view below;
  if (mount.root == "/") {
    below = group;
  } else if (group.starts_with(mount.root) &&
             (group.size() == mount.root.size() || group[mount.root.size()] == '/')) {
    below = group.substr(mount.root.size());
  }
  while (below.ends_with('/')) below.remove_suffix(1);
  if (below.find("/..") != std::string_view::npos) below = {};
  std::vector<std::string> folders;
  while (!below.empty() && folders.size() < kLevelsMax) {
    folders.push_back(StrCat(mount.folder, below.starts_with('/') ? "" : "/", below));
    const size_t slash = below.rfind('/');
    below = slash == std::string_view::npos ? std::string_view() : below.substr(0, slash);
  }
  folders.push_back(mount.folder);
  return folders;
}

void Tighten(CgroupLimits& limits, double cpus, const std::string& from) {
  if (!(cpus > 0) || (limits.cpus && *limits.cpus <= cpus)) return;
  limits.cpus = cpus;
  limits.cpus_from = from;
}

void TightenMemory(CgroupLimits& limits, std::optional<uint64_t> bytes, const std::string& from,
                   uint64_t used) {
  if (!bytes || *bytes >= kNoLimit) return;
  limits.memory_bytes_left = std::min(limits.memory_bytes_left, *bytes - std::min(*bytes, used));
  if (limits.memory_bytes && *limits.memory_bytes <= *bytes) return;
  limits.memory_bytes = *bytes;
  limits.memory_from = from;
}

uint64_t WithoutFilePages(std::optional<uint64_t> used, const std::string& stat,
                          std::string_view prefix) {
  const uint64_t inactive = CountOf(stat, StrCat(prefix, "inactive_file")).value_or(0);
  const uint64_t active = CountOf(stat, StrCat(prefix, "active_file")).value_or(0);
  return used.value_or(0) - std::min(used.value_or(0), inactive + active);
}

void ReadV2(const std::string& folder, Env& env, CgroupLimits& limits) {
  const std::string cpu = JoinPath(folder, "cpu.max");   // "QUOTA PERIOD", microseconds, or "max ..."
  const std::string text = Read(cpu, env);
  const auto words = Split(Trim(text), ' ');
  if (words.size() == 2) {
    const auto quota = ParseCount(words[0]), period = ParseCount(words[1]);
    if (quota && period && *period > 0) {
      Tighten(limits, static_cast<double>(*quota) / static_cast<double>(*period), cpu);
    }
  }
  for (const char* name : {"memory.max", "memory.high"}) {
    const std::string path = JoinPath(folder, name);
    const auto bytes = ReadCount(path, env);
    if (!bytes) continue;
    TightenMemory(limits, bytes, path,
                  WithoutFilePages(ReadCount(JoinPath(folder, "memory.current"), env),
                                   Read(JoinPath(folder, "memory.stat"), env), ""));
  }
}

void ReadV1Cpu(const std::string& folder, Env& env, CgroupLimits& limits) {
  const std::string path = JoinPath(folder, "cpu.cfs_quota_us");   // -1: no limit
  const auto quota = ReadCount(path, env);
  const auto period = ReadCount(JoinPath(folder, "cpu.cfs_period_us"), env);
  if (quota && period && *period > 0) {
    Tighten(limits, static_cast<double>(*quota) / static_cast<double>(*period), path);
  }
}

void ReadV1Memory(const std::string& folder, Env& env, CgroupLimits& limits) {
  const std::string path = JoinPath(folder, "memory.limit_in_bytes");
  const auto bytes = ReadCount(path, env);
  const std::string stat_path = JoinPath(folder, "memory.stat");
  const std::string stat = Read(stat_path, env);
  const uint64_t used =
      WithoutFilePages(ReadCount(JoinPath(folder, "memory.usage_in_bytes"), env), stat, "total_");
  TightenMemory(limits, bytes, path, used);
  // Of groups above that a container cannot see.
  TightenMemory(limits, CountOf(stat, "hierarchical_memory_limit"), stat_path, used);
}

}  // namespace

CgroupLimits ReadCgroupLimits(Env& env) {
  CgroupLimits limits;
  const std::string groups = Read("/proc/self/cgroup", env);
  for (const Mount& mount : ReadMounts(env)) {
    const bool cpu = !mount.v2 && HasWord(mount.controllers, "cpu");
    const bool memory = !mount.v2 && HasWord(mount.controllers, "memory");
    if (!mount.v2 && !cpu && !memory) continue;
    const auto group = GroupPath(groups, mount.v2 ? "" : cpu ? "cpu" : "memory");
    for (const std::string& folder : Folders(mount, group.value_or("/"))) {
      if (mount.v2) ReadV2(folder, env, limits);
      if (cpu) ReadV1Cpu(folder, env, limits);
      if (memory) ReadV1Memory(folder, env, limits);
    }
  }
  return limits;
}

}  // namespace pano
