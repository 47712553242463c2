// The known answers of golden/infra that the simulator has to give, in one table: times of all-reduces, max-min fair
// flows, queues in closed form and simulated, and sample paths of traces.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <string>

#include "base/env.h"
#include "base/json.h"
#include "base/testing/known_answers.h"
#include "infra/cluster/fabric.h"
#include "infra/sim/all_reduce.h"
#include "infra/sim/all_reduce_run.h"
#include "infra/sim/flow_case.h"
#include "infra/sim/queue_model.h"
#include "infra/sim/queue_run.h"
#include "infra/sim/serve_run.h"
#include "pano/step_policy/engine_step_policy.h"

namespace pano::infra {
namespace {

json::Value ReadJson(const std::string& path) {
  const auto text = ReadFile(path);
  EXPECT_TRUE(text.ok()) << path;
  if (!text.ok()) return {};
  const auto value = json::Parse(*text);
  EXPECT_TRUE(value.ok()) << path;
  return value.ok() ? *value : json::Value();
}

double NumberOf(const json::Value& row, std::string_view key) { return row.Find(key)->as_double(); }
const std::string& TextOf(const json::Value& row, std::string_view key) { return row.Find(key)->as_string(); }

void PrintRow(const std::string& what, size_t compared, const std::string& found) {
  std::printf("  %-46s %6zu  %s\n", what.c_str(), compared, found.c_str());
}

struct Golden : ::testing::Test {
  static std::string Folder() { return JoinPath(JoinPath(SharedFolder(PANO_SOURCE_DIR), "data"), "golden/infra"); }
};

TEST_F(Golden, AllReduce) {
  PANO_KNOWN_ANSWERS(SharedAnswers, answers, PANO_SOURCE_DIR, "golden/infra/allreduce.json");
  const json::Value root = ReadJson(answers.path());
  struct Sum {
    size_t rows = 0;
    double model = 0, sim_low = 1e9, sim_high = 0;
  };
  std::map<std::string, Sum> sums;
  std::map<std::string, cluster::Fabric> fabrics;
  for (const json::Value& row : root.Find("rows")->as_array()) {
    const std::string name = TextOf(row, "fabric"), kind = TextOf(row, "kind");
    if (!fabrics.contains(name)) {
      const auto file = cluster::ReadCluster(Folder() + "/fabrics/" + name + ".yaml");
      ASSERT_TRUE(file.ok()) << file.error().message();
      fabrics[name] = file->fabric;
    }
    const cluster::Fabric& fabric = fabrics[name];
    const auto algorithm = sim::ParseAllReduce(TextOf(row, "algorithm"));
    ASSERT_TRUE(algorithm.ok());
    ASSERT_TRUE(sim::CheckApplicable(*algorithm, fabric).ok());
    const double bytes = NumberOf(row, "bytes"), wanted = NumberOf(row, "seconds"), bound = NumberOf(row, "lower_bound_s");
    const double model = sim::EstimateAllReduce(*algorithm, fabric, bytes).seconds;
    const auto run = sim::SimulateAllReduce(*algorithm, fabric, bytes);
    ASSERT_TRUE(run.ok()) << run.error().message();
    const std::string what = name + " " + TextOf(row, "algorithm") + " " + std::to_string(bytes);
    if (kind == "at-most") {
      EXPECT_LE(model, wanted * 1.01) << what;
      EXPECT_LE(run->seconds, wanted * 1.01) << what;
    } else {
      EXPECT_NEAR(model, wanted, wanted * 0.01) << what;
    }
    if (kind == "exact") {
      EXPECT_NEAR(run->seconds, wanted, wanted * 0.01) << what;
    }
    if (kind == "model") {
      EXPECT_LE(run->seconds, wanted * 1.5) << what;
    }
    EXPECT_GE(run->seconds, bound * (1 - 1e-9)) << what;
    EXPECT_NEAR(sim::BusBandwidth(fabric.ranks(), bytes, wanted) / 1e9, NumberOf(row, "busbw_gb_s"), 1e-6 * NumberOf(row, "busbw_gb_s"));
    Sum& sum = sums[std::string("all-reduce ") + std::string(sim::NameOf(*algorithm)) + " (" + kind + ")"];
    ++sum.rows;
    sum.model = std::max(sum.model, std::abs(model / wanted - 1));
    sum.sim_low = std::min(sum.sim_low, run->seconds / wanted);
    sum.sim_high = std::max(sum.sim_high, run->seconds / wanted);
    answers.Compared(2);
  }
  for (const auto& [what, sum] : sums) {
    char found[120];
    std::snprintf(found, sizeof found, "formula within %.1e; simulated %.6f to %.6f of it", sum.model, sum.sim_low, sum.sim_high);
    PrintRow(what, sum.rows, found);
  }
}

TEST_F(Golden, Flows) {
  PANO_KNOWN_ANSWERS(SharedAnswers, answers, PANO_SOURCE_DIR, "golden/infra/flows.json");
  const json::Value root = ReadJson(answers.path());
  const auto cases = sim::ParseFlowCases(*ReadFile(answers.path()));
  ASSERT_TRUE(cases.ok()) << cases.error().message();
  double worst = 0;
  for (size_t c = 0; c < cases->size(); ++c) {
    const json::Value& expected = *root.Find("cases")->as_array()[c].Find("expected");
    const auto run = sim::RunFlowCase((*cases)[c]);
    ASSERT_TRUE(run.ok()) << (*cases)[c].name;
    for (size_t i = 0; i < run->flows.size(); ++i) {
      const std::string& id = (*cases)[c].flows[i].id;
      const double finish = NumberOf(*expected.Find("finish_s"), id);
      EXPECT_NEAR(run->flows[i].finish_s, finish, 1e-9 * finish) << (*cases)[c].name << " " << id;
      if (finish > 0) worst = std::max(worst, std::abs(run->flows[i].finish_s / finish - 1));
      const json::Value* rate = expected.Find("rates_at_0_gb_s")->Find(id);
      ASSERT_EQ(rate != nullptr, run->flows[i].rate_at_0.has_value()) << (*cases)[c].name << " " << id;
      if (rate) {
        EXPECT_NEAR(*run->flows[i].rate_at_0 / 1e9, rate->as_double(), 1e-9 * rate->as_double()) << (*cases)[c].name << " " << id;
      }
      answers.Compared(rate ? 2 : 1);
    }
    std::vector<std::string> order;
    for (const json::Value& event : expected.Find("order")->as_array()) order.push_back(event.as_string());
    EXPECT_EQ(run->order, order) << (*cases)[c].name;
  }
  char found[80];
  std::snprintf(found, sizeof found, "times within %.1e, rates, order of events", worst);
  PrintRow("max-min flows, cases", cases->size(), found);
}

sim::Queue QueueOf(const json::Value& row) {
  sim::Queue queue;
  queue.arrival_rate = NumberOf(row, "arrival_rate");
  queue.service = *sim::ParseService(TextOf(row, "service") + ":" + std::to_string(NumberOf(row, "service_mean_s")));
  queue.service.mean_s = NumberOf(row, "service_mean_s");
  queue.servers = row.Find("servers")->as_int();
  if (const json::Value* capacity = row.Find("capacity")) queue.capacity = capacity->as_int();
  return queue;
}

TEST_F(Golden, Queues) {
  PANO_KNOWN_ANSWERS(SharedAnswers, answers, PANO_SOURCE_DIR, "golden/infra/queues.json");
  const std::map<std::string, double sim::QueueFigures::*> fields = {
      {"p_wait", &sim::QueueFigures::p_wait}, {"wait_mean_s", &sim::QueueFigures::wait_mean_s}, {"response_mean_s", &sim::QueueFigures::response_mean_s},
      {"system_mean", &sim::QueueFigures::system_mean}, {"utilisation", &sim::QueueFigures::utilisation},
      {"p_refused", &sim::QueueFigures::p_refused}, {"throughput", &sim::QueueFigures::throughput}};
  const json::Value root = ReadJson(answers.path());
  size_t rows = 0;
  double worst_formula = 0, worst_run = 0;
  for (const json::Value& row : root.Find("rows")->as_array()) {
    const sim::Queue queue = QueueOf(row);
    const auto exact = sim::ExactFigures(queue);
    ASSERT_TRUE(exact);
    const sim::QueueFigures run = sim::SimulateQueue(queue, 1'000'000, 1);
    for (const auto& [name, field] : fields) {
      const json::Value* wanted = row.Find("expected")->Find(name);
      if (!wanted) continue;
      const double value = wanted->as_double();
      EXPECT_NEAR(*exact.*field, value, 1e-9 * value + 1e-15) << TextOf(row, "queue") << " " << name;
      worst_formula = std::max(worst_formula, std::abs(*exact.*field - value) / value);
      // Long queues swing: a million requests at 0.95 of what the server can do know their mean to a tenth.
      if (value > 1e-3) {
        EXPECT_NEAR(run.*field, value, 0.12 * value) << TextOf(row, "queue") << " " << name;
        worst_run = std::max(worst_run, std::abs(run.*field - value) / value);
      }
      answers.Compared(1);
    }
    ++rows;
  }
  char found[100];
  std::snprintf(found, sizeof found, "formula within %.1e; 1,000,000 requests within %.1f %%", worst_formula, 100 * worst_run);
  PrintRow("queues", rows, found);
}

TEST_F(Golden, Traces) {
  PANO_KNOWN_ANSWERS(SharedAnswers, answers, PANO_SOURCE_DIR, "golden/infra/traces.json");
  const json::Value root = ReadJson(answers.path());
  double worst = 0;
  const auto compare = [&](double found, const json::Value& expected, const std::string& name, const std::string& trace) {
    const double wanted = NumberOf(expected, name);
    EXPECT_NEAR(found, wanted, 1e-7 * wanted + 1e-9) << trace << " " << name;
    if (wanted > 0) worst = std::max(worst, std::abs(found / wanted - 1));
    answers.Compared(1);
  };
  const json::Array& traces = root.Find("traces")->as_array();
  for (const json::Value& row : traces) {
    const std::string name = TextOf(row, "name");
    const auto trace = sim::ParseTrace(*ReadFile(Folder() + "/traces/" + name + ".csv"));
    const auto plan = sim::ParseServePlan(*ReadFile(Folder() + "/traces/" + name + ".yaml"));
    ASSERT_TRUE(trace.ok() && plan.ok());
    step_policy::EngineStepPolicy policy(*plan);
    const auto run = sim::SimulateServing(*trace, *plan, policy);
    ASSERT_TRUE(run.ok()) << run.error().message();
    const json::Value& expected = *row.Find("expected");
    EXPECT_EQ(static_cast<int64_t>(run->requests.size()), expected.Find("requests")->as_int());
    EXPECT_EQ(run->waited, expected.Find("waited")->as_int()) << name;
    compare(run->makespan_s, expected, "makespan_s", name);
    compare(run->wait.mean, expected, "wait_mean_s", name);
    compare(run->wait.p50, expected, "wait_p50_s", name);
    compare(run->wait.p99, expected, "wait_p99_s", name);
    compare(run->response.mean, expected, "response_mean_s", name);
    compare(run->response.p50, expected, "response_p50_s", name);
    compare(run->response.p99, expected, "response_p99_s", name);
    compare(run->ttft.mean, expected, "ttft_mean_s", name);
    compare(run->ttft.p50, expected, "ttft_p50_s", name);
    compare(run->ttft.p99, expected, "ttft_p99_s", name);
    compare(run->system_mean, expected, "system_mean", name);
    for (const json::Value& sample : expected.Find("samples")->as_array()) {
      const auto i = static_cast<size_t>(sample.Find("request")->as_int());
      compare(run->requests[i].first_token_s - (*trace)[i].arrival_s, sample, "ttft_s", name);
      compare(run->requests[i].finish_s, sample, "finish_s", name);
    }
  }
  char found[80];
  std::snprintf(found, sizeof found, "sample paths within %.1e", worst);
  PrintRow("traces", traces.size(), found);
}

}  // namespace
}  // namespace pano::infra
