#include "infra/sim/serve_plan.h"

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "base/strings.h"
#include "base/yaml/document.h"
#include "base/yaml/values.h"

namespace pano::sim {
namespace {

using Row = std::pair<std::string_view, double*>;

// Numbers of a mapping, none below 0, each of which has to be there unless it is optional. `other` is read elsewhere.
template <size_t n>
Status ReadNumbers(const YAML::Node& node, std::string_view place, const Row (&rows)[n], std::initializer_list<std::string_view> optional,
                   std::string_view other = {}) {
  PANO_ASSIGN_OR_RETURN(const auto entries, yaml::Entries(node, place, 32));
  for (const auto& [key, value] : entries) {
    if (!other.empty() && key == other) continue;
    double* target = nullptr;
    for (const auto& [name, where] : rows) {
      if (name == key) target = where;
    }
    if (!target) return yaml::Wrong(value, place, StrCat("has no key '", Printable(key), "'"));
    PANO_ASSIGN_OR_RETURN(*target, yaml::Number(value, yaml::Join(place, key), 0, 1e30));
  }
  for (const auto& [name, where] : rows) {
    bool there = std::ranges::find(optional, name) != optional.end();
    for (const auto& [key, value] : entries) there |= key == name;
    if (!there) return yaml::Wrong(node, place, StrCat("lacks ", name));
  }
  return {};
}

constexpr size_t kRatesMax = 64;

// [[rows, flops_s], ...], rows rising.
Status ReadRates(const YAML::Node& node, std::string_view place, std::vector<RateOfRows>& out) {
  if (!node.IsSequence() || node.size() == 0 || node.size() > kRatesMax) {
    return yaml::Wrong(node, place, StrCat("is no list of 1 to ", kRatesMax, " pairs [rows, flops_s]"));
  }
  for (const YAML::Node& pair : node) {
    if (!pair.IsSequence() || pair.size() != 2) return yaml::Wrong(pair, place, "has what is no pair [rows, flops_s]");
    RateOfRows rate;
    PANO_ASSIGN_OR_RETURN(rate.rows, yaml::Number(pair[0], place, 1, 1e12));
    PANO_ASSIGN_OR_RETURN(rate.flops_s, yaml::Number(pair[1], place, 1, 1e30));
    if (!out.empty() && rate.rows <= out.back().rows) return yaml::Wrong(pair, place, "has rows that do not rise");
    out.push_back(rate);
  }
  return {};
}

Status ReadTime(const YAML::Node& root, ServePlan& plan) {
  const YAML::Node line = root["iteration"], roofline = root["roofline"];
  if (line.IsDefined() == roofline.IsDefined()) {
    return InvalidArgument("a plan says how long a step takes by either iteration or roofline");
  }
  LinearTime& l = plan.time.line;
  RooflineTime& r = plan.time.roof;
  if (line.IsDefined()) {
    const Row rows[] = {{"base_s", &l.base_s}, {"prefill_s_per_token", &l.prefill_s_per_token}, {"decode_s_per_sequence", &l.decode_s_per_sequence}};
    PANO_RETURN_IF_ERROR(ReadNumbers(line, "iteration", rows, {}));
    if (l.base_s + l.prefill_s_per_token <= 0 || l.base_s + l.decode_s_per_sequence <= 0) {
      return yaml::Wrong(line, "iteration", "has steps that take no time");
    }
    return {};
  }
  plan.time.roofline = true;
  const Row rows[] = {{"weight_bytes", &r.weight_bytes}, {"flops_per_token", &r.flops_per_token}, {"flops_per_sample", &r.flops_per_sample},
                      {"flops_per_pair", &r.flops_per_pair}, {"kv_bytes_per_token", &r.kv_bytes_per_token}, {"step_s", &r.step_s},
                      {"token_s", &r.token_s}, {"sample_s", &r.sample_s}, {"flops_s", &r.flops_s}, {"bytes_s", &r.bytes_s}, {"attention_flops_s", &r.attention_flops_s},
                      {"decode_attention_flops_s", &r.decode_attention_flops_s}, {"sequence_s", &r.sequence_s}};
  PANO_RETURN_IF_ERROR(ReadNumbers(roofline, "roofline", rows, {"flops_per_sample", "step_s", "token_s", "sample_s", "flops_s", "attention_flops_s", "decode_attention_flops_s", "sequence_s"},
                                   "flops_s_by_rows"));
  const YAML::Node rates = roofline["flops_s_by_rows"];
  if (rates.IsDefined() == roofline["flops_s"].IsDefined()) return yaml::Wrong(roofline, "roofline", "has either flops_s or flops_s_by_rows");
  if (rates.IsDefined()) {
    PANO_RETURN_IF_ERROR(ReadRates(rates, "roofline.flops_s_by_rows", r.flops_s_by_rows));
    r.flops_s = r.flops_s_by_rows.back().flops_s;
  }
  if (!(r.flops_s > 0) || !(r.bytes_s > 0)) return yaml::Wrong(roofline, "roofline", "has a machine that does nothing: flops_s and bytes_s are above 0");
  if (!roofline["attention_flops_s"].IsDefined()) r.attention_flops_s = r.flops_s;
  if (!(r.attention_flops_s > 0)) return yaml::Wrong(roofline, "roofline", "attention_flops_s is not above 0");
  if (plan.time.Of({.prefill_tokens = 1}) <= 0) return yaml::Wrong(roofline, "roofline", "has steps that take no time");
  return {};
}

// The entries of a list of mappings, each with the number of a replica.
template <typename Each>
Status ReadReplicas(const YAML::Node& node, std::string_view place, std::initializer_list<std::string_view> keys, int64_t replicas, const Each& each) {
  if (!node.IsDefined()) return {};
  if (!node.IsSequence() || node.size() > kFaultsMax) return yaml::Wrong(node, place, StrCat("is no list of at most ", kFaultsMax, " mappings"));
  size_t i = 0;
  for (const YAML::Node& entry : node) {
    const std::string at = StrCat(place, "[", i++, "]");
    PANO_RETURN_IF_ERROR(yaml::CheckKeys(entry, at, keys));
    PANO_ASSIGN_OR_RETURN(const int64_t replica, yaml::Integer(entry["replica"], yaml::Join(at, "replica"), 0, replicas - 1));
    PANO_RETURN_IF_ERROR(each(entry, at, replica));
  }
  return {};
}

Status ReadConditions(const YAML::Node& root, ServePlan& plan) {
  PANO_RETURN_IF_ERROR(ReadReplicas(root["slow"], "slow", {"replica", "factor"}, plan.replicas, [&](const YAML::Node& entry, const std::string& at, int64_t replica) -> Status {
    PANO_ASSIGN_OR_RETURN(const double factor, yaml::Number(entry["factor"], yaml::Join(at, "factor"), 1e-3, 1e6));
    if (!plan.slow.emplace(replica, factor).second) return yaml::Wrong(entry, at, StrCat("names replica ", replica, " again"));
    return {};
  }));
  PANO_RETURN_IF_ERROR(ReadReplicas(root["faults"], "faults", {"replica", "at_s", "seconds"}, plan.replicas, [&](const YAML::Node& entry, const std::string& at, int64_t replica) -> Status {
    ReplicaFault fault{.replica = replica};
    PANO_ASSIGN_OR_RETURN(fault.at_s, yaml::Number(entry["at_s"], yaml::Join(at, "at_s"), 0, 1e9));
    if (entry["seconds"].IsDefined()) {
      PANO_ASSIGN_OR_RETURN(fault.seconds, yaml::Number(entry["seconds"], yaml::Join(at, "seconds"), 0, 1e9));
    }
    plan.faults.push_back(fault);
    return {};
  }));
  std::vector<ReplicaFault> ordered = plan.faults;
  std::ranges::sort(ordered, [](const ReplicaFault& a, const ReplicaFault& b) { return std::pair(a.replica, a.at_s) < std::pair(b.replica, b.at_s); });
  for (size_t i = 1; i < ordered.size(); ++i) {
    const ReplicaFault &before = ordered[i - 1], &now = ordered[i];
    if (before.replica != now.replica || before.at_s + before.seconds < now.at_s) continue;
    return yaml::Wrong(root["faults"], "faults", StrCat("has two of replica ", now.replica, " that overlap, at ", before.at_s, " s and at ", now.at_s, " s"));
  }
  return {};
}

Status ReadPlan(const YAML::Node& root, ServePlan& plan) {
  PANO_RETURN_IF_ERROR(yaml::CheckKeys(root, "the plan", {"replicas", "max_sequences", "step_tokens", "prefill_beside_decodes", "kv_tokens", "prefix_cache_tokens", "clients", "client_s", "tenants", "slow", "faults", "iteration", "roofline"}));
  const struct {
    const char* name;
    int64_t* target;
    int64_t least, most;
  } kCounts[] = {{"replicas", &plan.replicas, 1, kReplicasMax},
                 {"max_sequences", &plan.max_sequences, 1, 1 << 16},
                 {"step_tokens", &plan.step_tokens, 1, int64_t{1} << 40},
                 {"prefill_beside_decodes", &plan.prefill_beside_decodes, 0, int64_t{1} << 40},
                 {"kv_tokens", &plan.kv_tokens, 1, int64_t{1} << 30},
                 {"prefix_cache_tokens", &plan.prefix_cache_tokens, 0, int64_t{1} << 30},
                 {"clients", &plan.clients, 0, 1 << 24}};
  for (const auto& count : kCounts) {
    if (!root[count.name].IsDefined()) continue;
    PANO_ASSIGN_OR_RETURN(*count.target, yaml::Integer(root[count.name], count.name, count.least, count.most));
  }
  if (root["client_s"].IsDefined()) {
    PANO_ASSIGN_OR_RETURN(plan.client_s, yaml::Number(root["client_s"], "client_s", 0, 1e9));
  }
  if (root["tenants"].IsDefined()) {
    PANO_ASSIGN_OR_RETURN(const auto entries, yaml::Entries(root["tenants"], "tenants", 256));
    for (const auto& [name, weight] : entries) {
      PANO_ASSIGN_OR_RETURN(plan.tenants[std::string(name)], yaml::Number(weight, yaml::Join("tenants", name), 1e-3, 1e6));
    }
  }
  if (plan.kv_tokens * plan.replicas > kKvTokensMax) {
    return InvalidArgument(StrCat("kv_tokens of all replicas are ", plan.kv_tokens * plan.replicas, "; at most ", kKvTokensMax));
  }
  PANO_RETURN_IF_ERROR(ReadConditions(root, plan));
  return ReadTime(root, plan);
}

}  // namespace

Result<ServePlan> ParseServePlan(std::string_view text) {
  ServePlan plan;
  PANO_RETURN_IF_ERROR(yaml::ReadDocument(text, {.bytes_max = 1 << 16, .nodes_max = 8192}, [&](const YAML::Node& root) { return ReadPlan(root, plan); }));
  return plan;
}

json::Value ServePlanJson(const ServePlan& plan) {
  json::Value out;
  out.Set("replicas", plan.replicas);
  out.Set("max_sequences", plan.max_sequences);
  out.Set("step_tokens", plan.step_tokens);
  out.Set("prefill_beside_decodes", plan.prefill_beside_decodes);
  if (plan.kv_tokens > 0) out.Set("kv_tokens", plan.kv_tokens);
  out.Set("prefix_cache_tokens", plan.prefix_cache_tokens);
  out.Set("clients", plan.clients);
  out.Set("client_s", plan.client_s);
  if (!plan.tenants.empty()) {
    json::Value tenants;
    for (const auto& [name, weight] : plan.tenants) tenants.Set(name, weight);
    out.Set("tenants", std::move(tenants));
  }
  json::Value time;
  if (!plan.time.roofline) {
    const LinearTime& l = plan.time.line;
    time.Set("base_s", l.base_s);
    time.Set("prefill_s_per_token", l.prefill_s_per_token);
    time.Set("decode_s_per_sequence", l.decode_s_per_sequence);
    out.Set("iteration", std::move(time));
    return out;
  }
  const RooflineTime& r = plan.time.roof;
  const std::pair<const char*, double> kFigures[] = {
      {"weight_bytes", r.weight_bytes}, {"flops_per_token", r.flops_per_token}, {"flops_per_sample", r.flops_per_sample},
      {"flops_per_pair", r.flops_per_pair}, {"kv_bytes_per_token", r.kv_bytes_per_token}, {"step_s", r.step_s}, {"token_s", r.token_s},
      {"sequence_s", r.sequence_s}, {"sample_s", r.sample_s}, {"bytes_s", r.bytes_s}, {"attention_flops_s", r.attention_flops_s},
      {"decode_attention_flops_s", r.decode_attention_flops_s}};
  for (const auto& [name, value] : kFigures) time.Set(name, value);
  if (r.flops_s_by_rows.empty()) {
    time.Set("flops_s", r.flops_s);
  } else {
    json::Value rates = json::Array();
    for (const RateOfRows& rate : r.flops_s_by_rows) {
      json::Value pair = json::Array();
      pair.Append(rate.rows);
      pair.Append(rate.flops_s);
      rates.Append(std::move(pair));
    }
    time.Set("flops_s_by_rows", std::move(rates));
  }
  out.Set("roofline", std::move(time));
  return out;
}

}  // namespace pano::sim
