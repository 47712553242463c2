#include <cstdio>
#include <string>

#include "base/env.h"
#include "base/json.h"
#include "base/strings.h"
#include "infra/sim/flow_case.h"
#include "pano/infra/commands.h"

namespace pano::infra {
namespace {

struct Case {
  sim::FlowCase flow_case;
  sim::FlowRun run;
};

Result<std::vector<Case>> RunFile(const std::string& path) {
  auto text = ReadFile(path, sim::kCaseBytesMax);
  if (!text.ok()) return text.error().Wrap(path);
  auto cases = sim::ParseFlowCases(*text);
  if (!cases.ok()) return cases.error().Wrap(path);
  std::vector<Case> out;
  for (sim::FlowCase& flow_case : *cases) {
    auto run = sim::RunFlowCase(flow_case);
    if (!run.ok()) return run.error().Wrap(StrCat(path, ": case ", out.size()));
    out.push_back({std::move(flow_case), *std::move(run)});
  }
  return out;
}

json::Value ToJson(const std::vector<Case>& cases) {
  json::Array list;
  for (const Case& one : cases) {
    json::Array flows, order;
    for (size_t i = 0; i < one.run.flows.size(); ++i) {
      const sim::FlowOutcome& outcome = one.run.flows[i];
      json::Value flow;
      flow.Set("id", one.flow_case.flows[i].id);
      flow.Set("rate_at_0_gb_s", outcome.rate_at_0 ? json::Value(*outcome.rate_at_0 / 1e9) : json::Value());
      flow.Set("finish_s", outcome.finish_s);
      flows.push_back(std::move(flow));
    }
    for (const std::string& event : one.run.order) order.push_back(event);
    json::Value value;
    value.Set("name", one.flow_case.name);
    value.Set("flows", std::move(flows));
    value.Set("order", std::move(order));
    list.push_back(std::move(value));
  }
  json::Value out;
  out.Set("cases", std::move(list));
  return out;
}

void Print(const std::vector<Case>& cases) {
  for (const Case& one : cases) {
    std::printf("%s\n  %-20s %14s %14s\n", Printable(one.flow_case.name).c_str(), "flow", "GB/s at 0 s", "ends at s");
    for (size_t i = 0; i < one.run.flows.size(); ++i) {
      const sim::FlowOutcome& outcome = one.run.flows[i];
      const std::string rate = outcome.rate_at_0 ? StrCat(*outcome.rate_at_0 / 1e9) : "-";
      std::printf("  %-20s %14.8s %14.6f\n", Printable(one.flow_case.flows[i].id, 20).c_str(), rate.c_str(), outcome.finish_s);
    }
  }
}

}  // namespace

int RunSimFlows(const cli::Command& self, cli::Args args) {
  std::string path;
  bool as_json = false;
  OptionSet set;
  set.String("case", &path, "The flows: a JSON file with links in GB/s and flows over them", "FILE")
      .Flag("json", &as_json, "Print JSON");
  if (const auto code = cli::Parse(self, set, args)) return *code;
  if (path.empty()) return cli::FailUsage(self, "--case FILE is missing");
  const auto cases = RunFile(path);
  if (!cases.ok()) return cli::Fail(self, cases.error());
  if (as_json) {
    std::printf("%s\n", json::Dump(ToJson(*cases)).c_str());
  } else {
    Print(*cases);
  }
  return 0;
}

}  // namespace pano::infra
