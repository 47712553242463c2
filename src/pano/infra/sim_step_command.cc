#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/strings.h"
#include "infra/sim/all_reduce.h"
#include "infra/sim/all_reduce_run.h"
#include "infra/sim/training_run.h"
#include "infra/sim/training_step.h"
#include "pano/infra/commands.h"
#include "pano/infra/fabric_option.h"

namespace pano::infra {
namespace {

constexpr double kDrawsMax = 2e7;   // of several steps: ranks and buckets in each

struct Options {
  FabricOption fabric;
  sim::TrainingStep step;
  std::string algorithm = "two-level";
  double bucket_mb = 25;
  int64_t seed = 1;
  int64_t steps = 1;
  double run_hours = 0, mtbf_hours = 50'000, checkpoint_s = 60, checkpoint_every_s = 0, restart_s = 600;
  bool as_json = false;

  void Declare(OptionSet& set) {
    fabric.Declare(set);
    set.Double("parameters", &step.parameters, 1, 1e15, "Parameters of the model", "P")
        .Double("tokens", &step.tokens_per_rank, 1, 1e12, "Tokens of a rank in a step", "T")
        .Double("flops", &step.flops_s, 1, 1e21, "Operations a second that a rank reaches (the peak times what is used of it)")
        .Int("layers", &step.layers, 1, 100'000, "Layers of equal size")
        .Double("gradient-bytes", &step.gradient_bytes, 0.001, 64, "Bytes of a parameter's gradient as it travels: 2 for 16 bit, less where it is compressed")
        .Double("bucket-mb", &bucket_mb, 0.001, 1e9, "Megabytes of gradients that are added at once")
        .String("algorithm", &algorithm, "All-reduce of the buckets (see pano infra sim allreduce); auto: the least estimate for each size", "NAME")
        .Double("contention", &step.contention, 0, 100, "How much slower computing is while gradients move, as a part")
        .Double("straggler-sigma", &step.straggler_sigma, 0, 10, "Ranks are slow by chance: each computes exp(sigma |z|) times as long, z normal")
        .Double("slow-rank", &step.slow_rank, 1, 1e6, "One rank computes so many times as long")
        .Int("steps", &steps, 1, 10'000, "Steps to simulate, each with other slow ranks; means are printed")
        .Double("outage-at", &step.outage_at_s, 0, 1e9, "When in a step the network goes down, in seconds")
        .Double("outage-seconds", &step.outage_s, 0, 1e9, "For how long nothing moves then")
        .Double("run-hours", &run_hours, 0, 1e6, "Hours of steps of a whole run on nodes that fail, each of which throws it back to its last checkpoint; 0: none")
        .Double("mtbf-hours", &mtbf_hours, 1e-3, 1e9, "Of a run: mean hours between a node's failures")
        .Double("checkpoint-s", &checkpoint_s, 0, 1e9, "Of a run: seconds that steps stand still for a checkpoint")
        .Double("checkpoint-every-s", &checkpoint_every_s, 0, 1e9, "Of a run: seconds of steps between two; 0: the best")
        .Double("restart-s", &restart_s, 0, 1e9, "Of a run: seconds from a failure until steps go on")
        .Int("seed", &seed, 0, INT64_MAX, "Seed of what happens by chance")
        .Flag("json", &as_json, "Print JSON");
  }
};

// A way to add the gradients, and what a step with it comes to.
struct Way {
  std::string name;
  std::string algorithm;
  sim::TrainingStepRun run;
};

// The mean of `steps`.
Result<sim::TrainingStepRun> RunWay(const cluster::Fabric& fabric, sim::TrainingStep step, int64_t steps, const std::string& algorithm, double bucket_bytes) {
  step.bucket_bytes = bucket_bytes;
  std::map<double, double> known;   // seconds by bytes
  const auto seconds_of = [&](double bytes) -> Result<double> {
    if (const auto it = known.find(bytes); it != known.end()) return it->second;
    if (fabric.ranks() == 1) return 0.0;
    sim::AllReduce choice = sim::AllReduce::kRing;
    if (algorithm == "auto") {
      choice = sim::ChooseAllReduce(fabric, bytes);
    } else {
      PANO_ASSIGN_OR_RETURN(choice, sim::ParseAllReduce(algorithm));
      PANO_RETURN_IF_ERROR(sim::CheckApplicable(choice, fabric));
    }
    PANO_ASSIGN_OR_RETURN(const sim::AllReduceRun run, sim::SimulateAllReduce(choice, fabric, bytes));
    return known[bytes] = run.seconds;
  };
  sim::TrainingStepRun mean;
  for (int64_t i = 0; i < steps; ++i) {
    PANO_ASSIGN_OR_RETURN(sim::TrainingStepRun run, sim::SimulateTrainingStep(step, seconds_of));
    if (i == 0) mean = run;
    if (i == 0) mean.communication_s = mean.step_s = mean.slowest = 0;
    const auto share = 1.0 / static_cast<double>(steps);
    mean.communication_s += run.communication_s * share;
    mean.step_s += run.step_s * share;
    mean.slowest += run.slowest * share;
    ++step.seed;
  }
  mean.exposed = 1 - mean.compute_s / mean.step_s;
  return mean;
}

Result<std::vector<Way>> RunWays(const cluster::Fabric& fabric, const Options& options) {
  const double bucket = options.bucket_mb * 1e6;
  struct Plan {
    std::string name, algorithm;
    double bucket_bytes;
  };
  std::vector<Plan> plans;
  if (fabric.nodes > 1) plans.push_back({"behind the backward pass", "ring-unaware", 0});
  plans.push_back({"behind the backward pass", "ring", 0});
  plans.push_back({StrCat("buckets of ", options.bucket_mb, " MB"), "ring", bucket});
  if (options.algorithm != "ring") plans.push_back({StrCat("buckets of ", options.bucket_mb, " MB"), options.algorithm, bucket});
  std::vector<Way> ways;
  for (const Plan& plan : plans) {
    PANO_ASSIGN_OR_RETURN(sim::TrainingStepRun run, RunWay(fabric, options.step, options.steps, plan.algorithm, plan.bucket_bytes));
    ways.push_back({plan.name, plan.algorithm, std::move(run)});
  }
  // The bucket size with the shortest step, of some.
  Way best;
  double best_mb = 0;
  for (const double mb : {options.bucket_mb, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0}) {
    PANO_ASSIGN_OR_RETURN(sim::TrainingStepRun run, RunWay(fabric, options.step, options.steps, options.algorithm, mb * 1e6));
    if (best_mb == 0 || run.step_s < best.run.step_s) {
      best_mb = mb;
      best = {"", options.algorithm, std::move(run)};
    }
  }
  best.name = StrCat("buckets of ", best_mb, " MB, the best size");
  ways.push_back(std::move(best));
  return ways;
}

// A whole run as it went, and as it goes on average.
struct RunFigures {
  sim::TrainingRun run;
  sim::TrainingRunFigures simulated, derived;
};

Result<RunFigures> RunWhole(const cluster::Fabric& fabric, const Options& options) {
  RunFigures out;
  sim::TrainingRun& run = out.run;
  run = {.work_s = options.run_hours * 3600, .nodes = fabric.nodes, .node_mtbf_s = options.mtbf_hours * 3600, .checkpoint_s = options.checkpoint_s,
         .checkpoint_every_s = options.checkpoint_every_s, .restart_s = options.restart_s, .seed = static_cast<uint64_t>(options.seed)};
  if (run.checkpoint_every_s == 0) run.checkpoint_every_s = sim::BestCheckpointInterval(run);
  PANO_ASSIGN_OR_RETURN(out.simulated, sim::SimulateTrainingRun(run));
  out.derived = sim::ExpectedTrainingRun(run);
  if (!std::isfinite(out.derived.seconds)) {
    return InvalidArgument(StrCat("such a run never ends on average: a failure comes every ", run.node_mtbf_s / static_cast<double>(run.nodes), " s, a restart takes ", run.restart_s,
                                  " s, a checkpoint stands every ", run.checkpoint_every_s, " s"));
  }
  return out;
}

json::Value ToJson(const RunFigures& f) {
  const auto figures = [](const sim::TrainingRunFigures& one) {
    json::Value out;
    out.Set("seconds", one.seconds);
    out.Set("goodput", one.goodput);
    out.Set("failures", one.failures);
    return out;
  };
  json::Value out;
  out.Set("work_s", f.run.work_s);
  out.Set("checkpoint_every_s", f.run.checkpoint_every_s);
  out.Set("simulated", figures(f.simulated));
  out.Set("derived", figures(f.derived));
  return out;
}

void Print(const RunFigures& f) {
  std::printf("a run of %.6g h of steps on %lld nodes, a failure every %.4g h, a checkpoint every %.4g s\n", f.run.work_s / 3600,
              static_cast<long long>(f.run.nodes), f.run.node_mtbf_s / static_cast<double>(f.run.nodes) / 3600, f.run.checkpoint_every_s);
  std::printf("%-22s %12s %12s %12s\n", "", "hours", "failures", "goodput");
  std::printf("%-22s %12.5g %12.4g %11.1f%%\n", "simulated", f.simulated.seconds / 3600, f.simulated.failures, 100 * f.simulated.goodput);
  std::printf("%-22s %12.5g %12.4g %11.1f%%\n", "derived, on average", f.derived.seconds / 3600, f.derived.failures, 100 * f.derived.goodput);
}

json::Value ToJson(const std::vector<Way>& ways) {
  json::Array list;
  for (const Way& way : ways) {
    json::Value value;
    value.Set("name", way.name);
    value.Set("algorithm", way.algorithm);
    value.Set("compute_s", way.run.compute_s);
    value.Set("communication_s", way.run.communication_s);
    value.Set("step_s", way.run.step_s);
    value.Set("exposed", way.run.exposed);
    value.Set("slowest", way.run.slowest);
    value.Set("buckets", static_cast<int64_t>(way.run.buckets.size()));
    list.push_back(std::move(value));
  }
  json::Value out;
  out.Set("results", std::move(list));
  return out;
}

void Print(const std::vector<Way>& ways, const Options& options) {
  std::printf("simulated; a rank computes %.4g s a step, %.4g %% slower while gradients move\n", options.step.ComputeSeconds(), 100 * options.step.contention);
  std::printf("%-36s %-14s %8s %14s %10s %10s\n", "gradients are added", "algorithm", "buckets", "moving s", "step s", "exposed");
  for (const Way& way : ways) {
    std::printf("%-36s %-14s %8zu %14.4g %10.4g %9.1f%%\n", way.name.c_str(), way.algorithm.c_str(), way.run.buckets.size(), way.run.communication_s,
                way.run.step_s, 100 * way.run.exposed);
  }
  const double slowest = ways.front().run.slowest;
  if (slowest <= 1) return;
  std::printf("the slowest of %lld ranks computes %.4g times as long", static_cast<long long>(options.step.ranks), slowest);
  if (options.step.slow_rank == 1) std::printf("; derived, on average: %.4g", sim::ExpectedSlowest(options.step.straggler_sigma, options.step.ranks));
  std::printf("\n");
}

}  // namespace

int RunSimStep(const cli::Command& self, cli::Args args) {
  Options options;
  OptionSet set;
  options.Declare(set);
  if (const auto code = cli::Parse(self, set, args)) return *code;
  if (options.step.parameters == 0 || options.step.tokens_per_rank == 0 || options.step.flops_s == 0) {
    return cli::FailUsage(self, "--parameters, --tokens and --flops are needed");
  }
  const auto fabric = options.fabric.Resolve();
  if (!fabric.ok()) return cli::Fail(self, fabric.error());
  options.step.ranks = fabric->ranks();
  options.step.seed = static_cast<uint64_t>(options.seed);
  const double buckets = std::min(static_cast<double>(sim::kBucketsMax), options.step.parameters * options.step.gradient_bytes / 5e5);
  if (options.steps > 1 && static_cast<double>(options.steps) * (static_cast<double>(fabric->ranks()) + buckets) > kDrawsMax) {
    return cli::FailUsage(self, StrCat("--steps ", options.steps, ": times ", fabric->ranks(), " ranks and up to ", static_cast<int64_t>(buckets), " buckets they are more than ", static_cast<int64_t>(kDrawsMax)));
  }
  const auto ways = RunWays(*fabric, options);
  if (!ways.ok()) return cli::Fail(self, ways.error());
  std::optional<RunFigures> whole;
  if (options.run_hours > 0) {
    auto found = RunWhole(*fabric, options);
    if (!found.ok()) return cli::Fail(self, found.error());
    whole = std::move(*found);
  }
  if (options.as_json) {
    json::Value out = ToJson(*ways);
    if (whole) out.Set("run", ToJson(*whole));
    std::printf("%s\n", json::Dump(out).c_str());
  } else {
    Print(*ways, options);
    if (whole) Print(*whole);
  }
  return 0;
}

}  // namespace pano::infra
