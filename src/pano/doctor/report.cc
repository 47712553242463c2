#include "pano/doctor/report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/strings.h"

namespace pano::doctor {
namespace {

double Rounded(double value) { return std::round(value * 100) / 100; }

json::Value Optional(const std::optional<uint64_t>& value) {
  return value ? json::Value(static_cast<int64_t>(std::min<uint64_t>(*value, INT64_MAX)))
               : json::Value();
}

int64_t Signed(uint64_t bytes) { return static_cast<int64_t>(std::min<uint64_t>(bytes, INT64_MAX)); }

json::Value CpuJson(const Machine& m, const Measured& measured) {
  const CgroupLimits& group = m.limits.cgroup;
  json::Value out = json::Object{{"name", m.cpu_name},
                                 {"instruction_set", kernels::CpuMaskName(m.cpu_has)},
                                 {"online", m.limits.cpus_online},
                                 {"allowed", m.limits.cpus_allowed}};
  out.Set("quota", group.cpus ? json::Value(Rounded(*group.cpus)) : json::Value());
  out.Set("quota_from", group.cpus ? json::Value(group.cpus_from) : json::Value());
  out.Set("mhz", Rounded(measured.after.mhz));
  out.Set("mhz_max", Rounded(m.mhz_max));
  out.Set("governor", m.governor);
  out.Set("clock_source", m.clock_source);
  return out;
}

json::Value MemoryJson(const ProcessLimits& limits) {
  return json::Object{{"total", Signed(limits.memory_bytes_total)},
                      {"limit", Signed(limits.memory_bytes_limit())},
                      {"limit_from", limits.memory_limit_from()},
                      {"left", Signed(limits.memory_bytes_left())},
                      {"swap_total", Signed(limits.swap_bytes_total)},
                      {"swap_free", Signed(limits.swap_bytes_free)},
                      {"transparent_huge_pages", limits.transparent_huge_pages},
                      {"huge_pages_reserved", Signed(limits.huge_pages_reserved)}};
}

json::Value MeasuredJson(const Measured& measured) {
  const kernels::MachineLimits &a = measured.first, &b = measured.second;
  return json::Object{
      {"threads", a.threads},
      {"read_gb_s", Rounded(std::max(a.read_bytes_per_second, b.read_bytes_per_second) / 1e9)},
      {"f32_gflop_s", Rounded(std::max(a.f32_flop_per_second, b.f32_flop_per_second) / 1e9)},
      {"int8_gop_s", Rounded(std::max(a.int8_op_per_second, b.int8_op_per_second) / 1e9)}};
}

// A row: name, padded, and what stands behind it.
void Row(std::string& out, std::string_view name, std::string_view value) {
  std::string padded(name);
  padded.resize(std::max<size_t>(padded.size(), 18), ' ');
  out += StrCat("  ", padded, value, "\n");
}

std::string Processors(const ProcessLimits& limits) {
  std::string text = StrCat(limits.cpus_allowed, " of ", limits.cpus_online, " processors");
  if (limits.cgroup.cpus) {
    char quota[32];
    std::snprintf(quota, sizeof quota, "%.1f", *limits.cgroup.cpus);
    text += StrCat(" (quota ", quota, ": ", limits.cgroup.cpus_from, ")");
  }
  return text;
}

std::string Memory(const ProcessLimits& limits) {
  std::string text = FormatBytes(limits.memory_bytes_limit());
  if (limits.memory_limit_from() != "memory") {
    text += StrCat(" of ", FormatBytes(limits.memory_bytes_total), " (", limits.memory_limit_from(), ")");
  }
  return StrCat(text, ", ", FormatBytes(limits.memory_bytes_left()), " left");
}

std::string Limit(const std::optional<uint64_t>& value, bool bytes) {
  return !value ? "unlimited" : bytes ? FormatBytes(*value) : StrCat(*value);
}

}  // namespace

json::Value ToJson(const Machine& machine, const Measured& measured, const Plan& plan,
                   const std::vector<Finding>& findings) {
  const ProcessLimits& limits = machine.limits;
  json::Value out;
  out.Set("ok", std::none_of(findings.begin(), findings.end(), [](const Finding& f) {
            return f.severity == Severity::kProblem;
          }));
  out.Set("cpu", CpuJson(machine, measured));
  out.Set("memory", MemoryJson(limits));
  out.Set("limits", json::Object{{"open_files", Optional(limits.open_files)},
                                 {"open_files_hard", Optional(limits.open_files_hard)},
                                 {"locked_memory", Optional(limits.locked_memory_bytes)},
                                 {"address_space", Optional(limits.address_space_bytes)},
                                 {"processes", Optional(limits.processes)}});
  json::Array nodes;
  for (const NumaNode& node : limits.numa_nodes) {
    nodes.push_back(json::Object{{"id", node.id},
                                 {"processors", node.cpus},
                                 {"allowed", node.cpus_allowed},
                                 {"memory", Signed(node.memory_bytes)}});
  }
  out.Set("numa", std::move(nodes));
  out.Set("plan", json::Object{{"threads", plan.threads},
                               {"kv_bytes", plan.kv_bytes},
                               {"instruction_set", plan.isa}});
  out.Set("measured", MeasuredJson(measured));
  json::Array caches;
  for (const CacheFolder& cache : machine.caches) {
    caches.push_back(json::Object{{"path", cache.path},
                                  {"writable", cache.wrong.empty()},
                                  {"left", Signed(cache.bytes_left)}});
  }
  out.Set("caches", std::move(caches));
  json::Array list;
  for (const Finding& finding : findings) {
    list.push_back(json::Object{{"severity", SeverityName(finding.severity)},
                                {"id", finding.id},
                                {"what", finding.what},
                                {"advice", finding.advice}});
  }
  out.Set("findings", std::move(list));
  return out;
}

std::string FormatReport(const Machine& machine, const Measured& measured, const Plan& plan,
                         const std::vector<Finding>& findings) {
  const ProcessLimits& limits = machine.limits;
  std::string out = "found\n";
  Row(out, "processor", machine.cpu_name);
  Row(out, "", Processors(limits));
  Row(out, "instruction set", kernels::CpuMaskName(machine.cpu_has));
  Row(out, "memory", Memory(limits));
  Row(out, "swap", limits.swap_bytes_total == 0
                       ? "none"
                       : StrCat(FormatBytes(limits.swap_bytes_total), ", ",
                                FormatBytes(limits.swap_bytes_free), " free"));
  Row(out, "huge pages", limits.transparent_huge_pages.empty() ? "unknown" : limits.transparent_huge_pages);
  Row(out, "NUMA nodes", StrCat(std::max<size_t>(limits.numa_nodes.size(), 1)));
  Row(out, "open files", StrCat(Limit(limits.open_files, false), ", at most ",
                                Limit(limits.open_files_hard, false)));
  Row(out, "locked memory", Limit(limits.locked_memory_bytes, true));
  for (const CacheFolder& cache : machine.caches) {
    Row(out, "models", cache.wrong.empty()
                           ? StrCat(cache.path, ", ", FormatBytes(cache.bytes_left), " left")
                           : cache.wrong);
  }
  out += "will be used\n";
  Row(out, "compute threads", StrCat(plan.threads));
  Row(out, "kernels", plan.isa);
  Row(out, "keys and values", StrCat(FormatBytes(static_cast<uint64_t>(plan.kv_bytes)), " for a model"));
  out += StrCat("measured with ", measured.first.threads, " threads\n");
  const json::Value rates = MeasuredJson(measured);
  Row(out, "memory, read", StrCat(rates.Find("read_gb_s")->as_double(), " GB/s"));
  Row(out, "f32", StrCat(rates.Find("f32_gflop_s")->as_double(), " GFLOP/s"));
  Row(out, "int8", StrCat(rates.Find("int8_gop_s")->as_double(), " GOP/s"));
  out += findings.empty() ? "nothing is wrong\n" : "what to look at\n";
  for (const Finding& finding : findings) {
    out += StrCat("  ", SeverityName(finding.severity), ": ", finding.what, "\n    ", finding.advice, "\n");
  }
  return out;
}

std::string DescribeLimits(const ProcessLimits& limits) {
  std::string text = StrCat(Processors(limits), ", memory ", Memory(limits));
  if (!limits.transparent_huge_pages.empty()) {
    text += StrCat(", huge pages ", limits.transparent_huge_pages);
  }
  if (limits.numa_nodes.size() > 1) text += StrCat(", ", limits.numa_nodes.size(), " NUMA nodes");
  return StrCat(text, ", ", Limit(limits.open_files_hard, false), " open files");
}

}  // namespace pano::doctor
