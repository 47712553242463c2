#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "base/env.h"
#include "base/json.h"
#include "base/strings.h"
#include "infra/sim/serve_plan.h"
#include "infra/sim/serve_run.h"
#include "infra/sim/trace.h"
#include "pano/infra/commands.h"
#include "pano/step_policy/engine_step_policy.h"

namespace pano::infra {
namespace {

constexpr size_t kPlanBytesMax = 1 << 16;

struct Inputs {
  std::vector<sim::TraceRequest> trace;
  sim::ServePlan plan;
  std::vector<std::string> tenants;
};

Result<Inputs> ReadInputs(const std::string& trace_path, const std::string& plan_path, int64_t requests, double speed) {
  Inputs in;
  PANO_ASSIGN_OR_RETURN(const std::string plan, ReadFile(plan_path, kPlanBytesMax).Wrap(plan_path));
  PANO_ASSIGN_OR_RETURN(in.plan, sim::ParseServePlan(plan).Wrap(plan_path));
  PANO_ASSIGN_OR_RETURN(const std::string text, ReadFile(trace_path, sim::kTraceBytesMax).Wrap(trace_path));
  PANO_ASSIGN_OR_RETURN(in.trace, sim::ParseTrace(text, &in.tenants).Wrap(trace_path));
  if (requests > 0 && static_cast<size_t>(requests) < in.trace.size()) in.trace.resize(static_cast<size_t>(requests));
  for (const auto& [name, weight] : in.plan.tenants) {
    if (std::ranges::find(in.tenants, name) != in.tenants.end()) continue;
    return InvalidArgument(StrCat(plan_path, ": tenants: ", trace_path, " has none named '", Printable(name), "'"));
  }
  const double first = in.trace.front().arrival_s;
  if (speed != 1) {
    for (sim::TraceRequest& request : in.trace) request.arrival_s = first + (request.arrival_s - first) / speed;
  }
  return in;
}

void SetQuantiles(json::Value& out, const std::string& name, const sim::Quantiles& q) {
  out.Set(name + "_mean_s", q.mean);
  out.Set(name + "_p50_s", q.p50);
  out.Set(name + "_p90_s", q.p90);
  out.Set(name + "_p99_s", q.p99);
}

json::Value ToJson(const sim::ServeRun& run, const std::vector<std::string>& names, const std::vector<sim::TenantFigures>& tenants) {
  json::Value out;
  const auto count = static_cast<int64_t>(run.requests.size());
  out.Set("requests", count);
  out.Set("makespan_s", run.makespan_s);
  SetQuantiles(out, "ttft", run.ttft);
  SetQuantiles(out, "response", run.response);
  SetQuantiles(out, "wait", run.wait);
  SetQuantiles(out, "itl", run.gap);
  out.Set("system_mean", run.system_mean);
  out.Set("arrival_rate", static_cast<double>(count) / run.makespan_s);
  out.Set("waited", run.waited);
  out.Set("output_tokens_s", static_cast<double>(run.output_tokens) / run.makespan_s);
  out.Set("steps", run.steps);
  out.Set("step_mean_s", run.step_mean_s);
  out.Set("step_rows_mean", run.rows_mean);
  out.Set("busy", run.busy);
  out.Set("preemptions", run.preemptions);
  out.Set("cached_tokens", run.cached_tokens);
  out.Set("restarts", run.restarts);
  out.Set("lost_tokens", run.lost_tokens);
  json::Value rows = json::Array();
  for (size_t i = 0; i < tenants.size(); ++i) {
    json::Value row;
    row.Set("tenant", names[i]);
    row.Set("requests", tenants[i].requests);
    row.Set("output_tokens_s", tenants[i].output_tokens_s);
    SetQuantiles(row, "ttft", tenants[i].ttft);
    SetQuantiles(row, "response", tenants[i].response);
    SetQuantiles(row, "itl", tenants[i].gap);
    rows.Append(std::move(row));
  }
  if (!tenants.empty()) out.Set("tenants", std::move(rows));
  return out;
}

void Print(const sim::ServeRun& run, const std::vector<std::string>& names, const std::vector<sim::TenantFigures>& tenants) {
  std::printf("simulated: %zu requests in %.6g s, %.4g tokens/s, %.4g requests there on average, replicas busy %.1f %%\n", run.requests.size(),
              run.makespan_s, static_cast<double>(run.output_tokens) / run.makespan_s, run.system_mean, 100 * run.busy);
  std::printf("%lld steps of %.4g ms with %.3g sequences on average, %lld preemptions\n", static_cast<long long>(run.steps), 1e3 * run.step_mean_s,
              run.rows_mean, static_cast<long long>(run.preemptions));
  if (run.cached_tokens > 0) std::printf("%lld tokens of inputs were there already\n", static_cast<long long>(run.cached_tokens));
  if (run.restarts > 0) {
    std::printf("%lld requests began anew when their replica went down, %lld tokens of answers were lost\n", static_cast<long long>(run.restarts),
                static_cast<long long>(run.lost_tokens));
  }
  std::printf("%-22s %12s %12s %12s %12s\n", "seconds", "mean", "p50", "p90", "p99");
  const struct {
    const char* name;
    const sim::Quantiles& q;
  } kRows[] = {{"first token", run.ttft}, {"whole answer", run.response}, {"wait for first step", run.wait}, {"between tokens", run.gap}};
  for (const auto& row : kRows) std::printf("%-22s %12.6g %12.6g %12.6g %12.6g\n", row.name, row.q.mean, row.q.p50, row.q.p90, row.q.p99);
  if (tenants.empty()) return;
  std::printf("%-22s %12s %12s %12s %12s %12s\n", "tenant", "requests", "tokens/s", "ttft p50", "ttft p99", "answer p50");
  for (size_t i = 0; i < tenants.size(); ++i) {
    const sim::TenantFigures& one = tenants[i];
    std::printf("%-22s %12lld %12.6g %12.6g %12.6g %12.6g\n", names[i].empty() ? "(no name)" : Printable(names[i]).c_str(), static_cast<long long>(one.requests), one.output_tokens_s, one.ttft.p50,
                one.ttft.p99, one.response.p50);
  }
}

}  // namespace

int RunSimServe(const cli::Command& self, cli::Args args) {
  std::string trace, plan;
  int64_t requests = 0;
  double speed = 1;
  bool as_json = false;
  OptionSet set;
  set.String("trace", &trace, "Requests: a CSV file with TIMESTAMP, ContextTokens, GeneratedTokens and, where several tenants compete, Tenant; or Mooncake's JSON lines", "FILE")
      .String("plan", &plan, "What serves them: a YAML file with replicas, limits of a step, and how long one takes", "FILE")
      .Int("requests", &requests, 0, INT64_MAX, "Only so many of the first requests; 0: all")
      .Double("speed", &speed, 1e-6, 1e6, "How many times as fast as in the trace they come")
      .Flag("json", &as_json, "Print JSON");
  if (const auto code = cli::Parse(self, set, args)) return *code;
  if (trace.empty() || plan.empty()) return cli::FailUsage(self, "--trace FILE and --plan FILE are needed");
  const auto inputs = ReadInputs(trace, plan, requests, speed);
  if (!inputs.ok()) return cli::Fail(self, inputs.error());
  step_policy::EngineStepPolicy policy(inputs->plan, inputs->tenants);
  const auto run = sim::SimulateServing(inputs->trace, inputs->plan, policy);
  if (!run.ok()) return cli::Fail(self, run.error());
  std::vector<sim::TenantFigures> tenants;
  if (inputs->tenants.size() > 1) tenants = sim::FiguresByTenant(inputs->trace, *run, inputs->tenants.size());
  if (as_json) {
    std::printf("%s\n", json::Dump(ToJson(*run, inputs->tenants, tenants)).c_str());
  } else {
    Print(*run, inputs->tenants, tenants);
  }
  return 0;
}

}  // namespace pano::infra
