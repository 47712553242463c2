#include <cstdio>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/strings.h"
#include "infra/sim/all_reduce.h"
#include "infra/sim/all_reduce_run.h"
#include "infra/sim/training_step.h"
#include "pano/infra/commands.h"
#include "pano/infra/fabric_option.h"

namespace pano::infra {
namespace {

struct Options {
  FabricOption fabric;
  sim::TrainingStep step;
  std::string algorithm = "two-level";
  double bucket_mb = 25;
  int64_t seed = 1;
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

Result<sim::TrainingStepRun> RunWay(const cluster::Fabric& fabric, sim::TrainingStep step, const std::string& algorithm, double bucket_bytes) {
  step.bucket_bytes = bucket_bytes;
  return sim::SimulateTrainingStep(step, [&](double bytes) -> Result<double> {
    if (fabric.ranks() == 1) return 0.0;
    sim::AllReduce choice = sim::AllReduce::kRing;
    if (algorithm == "auto") {
      choice = sim::ChooseAllReduce(fabric, bytes);
    } else {
      PANO_ASSIGN_OR_RETURN(choice, sim::ParseAllReduce(algorithm));
      PANO_RETURN_IF_ERROR(sim::CheckApplicable(choice, fabric));
    }
    PANO_ASSIGN_OR_RETURN(const sim::AllReduceRun run, sim::SimulateAllReduce(choice, fabric, bytes));
    return run.seconds;
  });
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
    PANO_ASSIGN_OR_RETURN(sim::TrainingStepRun run, RunWay(fabric, options.step, plan.algorithm, plan.bucket_bytes));
    ways.push_back({plan.name, plan.algorithm, std::move(run)});
  }
  // The bucket size with the shortest step, of some.
  Way best;
  double best_mb = 0;
  for (const double mb : {options.bucket_mb, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0}) {
    PANO_ASSIGN_OR_RETURN(sim::TrainingStepRun run, RunWay(fabric, options.step, options.algorithm, mb * 1e6));
    if (best_mb == 0 || run.step_s < best.run.step_s) {
      best_mb = mb;
      best = {"", options.algorithm, std::move(run)};
    }
  }
  best.name = StrCat("buckets of ", best_mb, " MB, the best size");
  ways.push_back(std::move(best));
  return ways;
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
  const auto ways = RunWays(*fabric, options);
  if (!ways.ok()) return cli::Fail(self, ways.error());
  if (options.as_json) {
    std::printf("%s\n", json::Dump(ToJson(*ways)).c_str());
  } else {
    Print(*ways, options);
  }
  return 0;
}

}  // namespace pano::infra
