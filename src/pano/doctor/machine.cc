#include "pano/doctor/machine.h"

#include <unistd.h>

#include <algorithm>

#include "base/strings.h"

namespace pano::doctor {
namespace {

constexpr size_t kFileBytesMax = 4 << 20;   // /proc/cpuinfo of a machine with a thousand processors
constexpr size_t kCpusMax = 4096;

std::string Read(const std::string& path, Env& env) {
  return ReadFile(path, kFileBytesMax, env).value_or("");
}

uint64_t ReadCount(const std::string& path, Env& env) {
  const auto value = ParseInt(Trim(Read(path, env)));
  return value && *value > 0 ? static_cast<uint64_t>(*value) : 0;
}

// Folders /sys/devices/system/cpu/cpuN.
std::vector<std::string> CpuFolders(Env& env) {
  const std::string root = "/sys/devices/system/cpu";
  std::vector<std::string> folders;
  for (const std::string& name : env.List(root).value_or(std::vector<std::string>())) {
    if (name.starts_with("cpu") && ParseInt(std::string_view(name).substr(3)) &&
        folders.size() < kCpusMax) {
      folders.push_back(JoinPath(root, name));
    }
  }
  return folders;
}

// "key : value" lines of /proc/cpuinfo.
std::vector<std::string> CpuInfo(const std::string& text, std::string_view key) {
  std::vector<std::string> values;
  for (std::string_view line : Split(text, '\n')) {
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos || Trim(line.substr(0, colon)) != key) continue;
    values.emplace_back(Trim(line.substr(colon + 1)));
  }
  return values;
}

void ReadQuotaUse(Env& env, Machine& machine) {
  const std::string& from = machine.limits.cgroup.cpus_from;
  if (from.empty()) return;
  const std::string text = Read(JoinPath(FolderName(from), "cpu.stat"), env);
  for (std::string_view line : Split(text, '\n')) {
    const size_t space = line.find(' ');
    if (space == std::string_view::npos) continue;
    const auto value = ParseInt(Trim(line.substr(space + 1)));
    if (!value || *value < 0) continue;
    const auto count = static_cast<uint64_t>(*value);
    if (line.substr(0, space) == "nr_periods") machine.quota_periods = count;
    if (line.substr(0, space) == "nr_throttled") machine.quota_periods_throttled = count;
  }
}

}  // namespace

Machine ReadMachine(Env& env) {
  Machine machine;
  machine.limits = ReadProcessLimits(env);
  machine.cpu_chosen = env.Variable("PANO_CPU");
  const std::string info = Read("/proc/cpuinfo", env);
  if (auto names = CpuInfo(info, "model name"); !names.empty()) machine.cpu_name = names[0];
  for (const std::string& folder : CpuFolders(env)) {
    const std::string frequency = JoinPath(folder, "cpufreq");
    const double most = static_cast<double>(ReadCount(JoinPath(frequency, "cpuinfo_max_freq"), env));
    machine.mhz_max = std::max(machine.mhz_max, most / 1000);   // kHz
    if (machine.governor.empty()) {
      machine.governor = Trim(Read(JoinPath(frequency, "scaling_governor"), env));
    }
  }
  machine.clock_source =
      Trim(Read("/sys/devices/system/clocksource/clocksource0/current_clocksource", env));
  ReadQuotaUse(env, machine);
  return machine;
}

CpuMoment ReadCpuMoment(Env& env) {
  CpuMoment moment;
  const auto clocks = CpuInfo(Read("/proc/cpuinfo", env), "cpu MHz");
  for (const std::string& clock : clocks) {
    moment.mhz += ParseDouble(clock).value_or(0) / static_cast<double>(clocks.size());
  }
  for (const std::string& folder : CpuFolders(env)) {
    moment.throttle_events +=
        ReadCount(JoinPath(folder, "thermal_throttle/core_throttle_count"), env);
  }
  // "cpu  user nice system idle iowait irq softirq steal guest guest_nice": guests are in user and nice.
  const std::string stat = Read("/proc/stat", env);
  size_t column = 0;
  for (std::string_view word : Split(std::string_view(stat).substr(0, stat.find('\n')), ' ')) {
    const auto ticks = ParseInt(word);
    if (!ticks || *ticks < 0 || *ticks > INT64_MAX / 16) continue;
    if (column < 8) moment.ticks += static_cast<uint64_t>(*ticks);
    if (column == 7) moment.ticks_stolen = static_cast<uint64_t>(*ticks);
    ++column;
  }
  return moment;
}

CacheFolder TryFolder(const std::string& path, Env& env) {
  CacheFolder out{.path = path, .wrong = "", .bytes_left = 0};
  std::string folder = path;
  Result<FileInfo> info = env.Stat(folder);
  while (!info.ok() && info.error().code() == StatusCode::kNotFound && folder != "." && folder != "/") {
    folder = FolderName(folder);
    info = env.Stat(folder);
  }
  if (!info.ok()) {
    out.wrong = StrCat(folder, ": ", info.error().message());
    return out;
  }
  if (info->kind != FileInfo::Kind::kFolder) {
    out.wrong = StrCat(folder, ": is not a folder");
    return out;
  }
  const std::string probe = JoinPath(folder, StrCat(".pano-doctor-", ::getpid()));
  if (Status made = env.MakeFolder(probe); !made.ok()) {
    out.wrong = StrCat(folder, ": ", made.message());
    return out;
  }
  (void)env.Remove(probe);
  out.bytes_left = env.SpaceLeft(folder).value_or(uint64_t{0});
  return out;
}

}  // namespace pano::doctor
