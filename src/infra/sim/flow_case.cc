#include "infra/sim/flow_case.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <utility>

#include "base/json.h"
#include "base/strings.h"

namespace pano::sim {
namespace {

constexpr double kGiga = 1e9;
constexpr double kBytesMax = 1e18;
constexpr double kRateMax = 1e9;      // GB/s
constexpr double kSecondsMax = 1e9;
constexpr int64_t kRatesMax = 500'000'000;

// A number within bounds. `what` is for the message.
Result<double> Number(const json::Value* value, double least, double most, std::string_view what) {
  if (!value) return InvalidArgument(StrCat(what, " is missing"));
  if (!value->is_number()) return InvalidArgument(StrCat(what, " is a ", value->kind(), ", not a number"));
  const double number = value->as_double();
  if (!(number >= least && number <= most)) {
    return InvalidArgument(StrCat(what, " is ", number, ", not between ", least, " and ", most));
  }
  return number;
}

Result<std::string> Name(const json::Value* value, std::string_view what) {
  if (value && value->is_string() && !value->as_string().empty()) return value->as_string();
  if (value && value->is_int()) return StrCat(value->as_int());
  return InvalidArgument(StrCat(what, value ? " is no text" : " is missing"));
}

using Index = std::unordered_map<std::string, LinkId>;

Result<CaseFlow> ReadFlow(const json::Value& value, const Index& links) {
  CaseFlow flow;
  PANO_ASSIGN_OR_RETURN(flow.id, Name(value.Find("id"), "id"));
  const json::Value* path = value.Find("path");
  if (!path || !path->is_array() || path->as_array().empty()) return InvalidArgument("path is no list of links");
  if (path->as_array().size() > kCasePathMax) {
    return InvalidArgument(StrCat("path has ", path->as_array().size(), " links; at most ", kCasePathMax));
  }
  for (const json::Value& hop : path->as_array()) {
    PANO_ASSIGN_OR_RETURN(const std::string id, Name(&hop, "a link of path"));
    const auto found = links.find(id);
    if (found == links.end()) return InvalidArgument(StrCat("path has a link '", Printable(id), "' that links does not have"));
    if (std::ranges::find(flow.path, found->second) != flow.path.end()) {
      return InvalidArgument(StrCat("path has the link '", Printable(id), "' twice"));
    }
    flow.path.push_back(found->second);
  }
  PANO_ASSIGN_OR_RETURN(flow.bytes, Number(value.Find("bytes"), 0, kBytesMax, "bytes"));
  if (const json::Value* start = value.Find("start_s")) {
    PANO_ASSIGN_OR_RETURN(flow.start_s, Number(start, 0, kSecondsMax, "start_s"));
  }
  if (const json::Value* cap = value.Find("cap_gb_s"); cap && !cap->is_null()) {
    PANO_ASSIGN_OR_RETURN(flow.cap, Number(cap, 1e-12, kRateMax, "cap_gb_s"));
    flow.cap *= kGiga;
  }
  return flow;
}

Result<FlowCase> ReadCase(const json::Value& value) {
  FlowCase out;
  if (!value.is_object()) return InvalidArgument(StrCat("is a ", value.kind(), ", not an object"));
  if (const json::Value* name = value.Find("name"); name && name->is_string()) out.name = name->as_string();
  const json::Value* links = value.Find("links");
  if (!links || !links->is_object()) return InvalidArgument("links is no object of capacities in GB/s");
  Index index;
  for (const auto& [id, capacity] : links->as_object()) {
    const std::string what = StrCat("the capacity of link '", Printable(id), "'");
    PANO_ASSIGN_OR_RETURN(const double gb_s, Number(&capacity, 1e-12, kRateMax, what));
    if (!index.emplace(id, static_cast<LinkId>(out.links.size())).second) {
      return InvalidArgument(StrCat("link '", Printable(id), "' stands twice"));
    }
    out.links.push_back({id, gb_s * kGiga});
  }
  const json::Value* flows = value.Find("flows");
  if (!flows || !flows->is_array()) return InvalidArgument("flows is no list");
  if (flows->as_array().size() > kCaseFlowsMax || out.links.size() > kCaseFlowsMax) {
    return InvalidArgument(StrCat("has more than ", kCaseFlowsMax, " flows or links"));
  }
  std::unordered_map<std::string, size_t> ids;
  for (const json::Value& flow : flows->as_array()) {
    auto read = ReadFlow(flow, index);
    if (!read.ok()) return read.error().Wrap(StrCat("flow ", out.flows.size()));
    if (!ids.emplace(read->id, out.flows.size()).second) {
      return InvalidArgument(StrCat("flow ", out.flows.size(), ": id '", Printable(read->id), "' stands twice"));
    }
    out.flows.push_back(*std::move(read));
  }
  return out;
}

}  // namespace

Result<std::vector<FlowCase>> ParseFlowCases(std::string_view text) {
  PANO_ASSIGN_OR_RETURN(const json::Value root, json::Parse(text, {.depth_max = 16, .bytes_max = kCaseBytesMax}));
  std::vector<const json::Value*> values;
  if (const json::Value* cases = root.Find("cases")) {
    if (!cases->is_array()) return InvalidArgument(StrCat("cases is a ", cases->kind(), ", not a list"));
    for (const json::Value& value : cases->as_array()) values.push_back(&value);
  } else {
    values.push_back(&root);
  }
  std::vector<FlowCase> out;
  size_t flows = 0;
  for (const json::Value* value : values) {
    auto read = ReadCase(*value);
    if (!read.ok()) return read.error().Wrap(values.size() > 1 || root.Find("cases") ? StrCat("case ", out.size()) : "the case");
    flows += read->flows.size() + read->links.size();
    if (flows > 2 * kCaseFlowsMax) return InvalidArgument(StrCat("the cases have more than ", kCaseFlowsMax, " flows"));
    out.push_back(*std::move(read));
  }
  return out;
}

Result<FlowRun> RunFlowCase(const FlowCase& flow_case) {
  FlowRun run;
  run.flows.resize(flow_case.flows.size());
  FlowNetwork network;
  for (const FlowCase::Link& link : flow_case.links) network.AddLink(link.capacity);
  EventQueue<size_t> starts;
  for (size_t i = 0; i < flow_case.flows.size(); ++i) starts.Push(flow_case.flows[i].start_s, i);

  std::vector<FlowNetwork::Ended> ended;
  std::vector<size_t> started;
  Time now = 0;
  while (true) {
    const Time next = std::min(starts.next_time(), network.next_end());
    if (next == kNever) break;
    now = std::max(now, next);
    ended.clear();
    network.TakeEnded(now, ended);
    std::ranges::sort(ended, {}, &FlowNetwork::Ended::tag);
    for (const FlowNetwork::Ended& end : ended) {
      run.flows[end.tag].finish_s = end.time;
      run.order.push_back(StrCat("end ", flow_case.flows[end.tag].id));
    }
    started.clear();
    while (starts.next_time() <= EndOfMoment(now)) started.push_back(starts.Pop().payload);
    std::ranges::sort(started);
    std::vector<std::pair<size_t, FlowId>> at_0;
    for (const size_t i : started) {
      const CaseFlow& flow = flow_case.flows[i];
      const FlowId id = network.Start(flow.start_s, flow.path, flow.bytes, flow.cap, i);
      run.order.push_back(StrCat("start ", flow.id));
      if (flow.start_s == 0 && flow.bytes == 0) run.flows[i].rate_at_0 = 0;
      if (flow.start_s == 0 && flow.bytes > 0) at_0.emplace_back(i, id);
    }
    network.Settle(now);
    for (const auto& [i, id] : at_0) run.flows[i].rate_at_0 = network.rate(id);
    if (network.work() > kRatesMax) {
      return Status(StatusCode::kExhausted, StrCat("[sim] gave up at ", now, " s after ", network.work(), " rates: too many flows share links"));
    }
  }
  if (network.active() > 0) {
    return Status(StatusCode::kUnavailable, StrCat("[sim] ", network.active(), " flows never end"));
  }
  return run;
}

}  // namespace pano::sim
