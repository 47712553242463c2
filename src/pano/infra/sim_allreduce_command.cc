#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "base/env.h"
#include "base/json.h"
#include "base/strings.h"
#include "infra/sim/all_reduce.h"
#include "infra/sim/all_reduce_run.h"
#include "infra/sim/chart.h"
#include "pano/infra/commands.h"
#include "pano/infra/fabric_option.h"

namespace pano::infra {
namespace {

constexpr size_t kSizesMax = 256;

struct Options {
  FabricOption fabric;
  std::string bytes;
  std::string algorithm = "all";
  int64_t segments = 1;
  std::string plot;
  bool as_json = false;
  bool model_only = false;
  double straggler_sigma = 0;
  int64_t seed = 1;
  std::optional<int64_t> fault_node;
  double fault_at = 0, fault_seconds = 0, fault_factor = 0;

  void Declare(OptionSet& set) {
    fabric.Declare(set);
    set.String("bytes", &bytes, "Bytes on every rank, or several sizes: 9.38e9 or 1024,1e6,1e9", "N[,N...]")
        .String("algorithm", &algorithm,
                "ring, ring-unaware, rhd, two-level, two-level-rhd, blueconnect, dbt, in-network; all: each that the cluster "
                "can have; auto: the one with the least estimate", "NAME")
        .Int("segments", &segments, 1, 4096, "Parts that go through the phases one behind the other")
        .String("plot", &plot, "Write a picture of the times over the sizes (SVG)", "FILE")
        .Flag("json", &as_json, "Print JSON")
        .Flag("model-only", &model_only, "Print the closed forms alone, without simulating")
        .Double("straggler-sigma", &straggler_sigma, 0, 10, "Nodes are slow by chance: each has 1/exp(sigma |z|) of its rate, z normal")
        .Int("seed", &seed, 0, INT64_MAX, "Seed of what happens by chance")
        .MaybeInt("fault-node", &fault_node, 0, cluster::kRanksMax, "A node whose NICs fail")
        .Double("fault-at", &fault_at, 0, 1e9, "When they fail, in seconds from the beginning")
        .Double("fault-seconds", &fault_seconds, 0, 1e9, "For how long (default: for ever)")
        .Double("fault-factor", &fault_factor, 0, 1, "What part of their rate is left meanwhile (default: nothing)");
  }

  sim::Conditions Conditions() const {
    sim::Conditions out;
    out.straggler_sigma = straggler_sigma;
    out.seed = static_cast<uint64_t>(seed);
    if (fault_node) out.faults.push_back({*fault_node, fault_at, fault_seconds > 0 ? fault_seconds : sim::kNever, fault_factor});
    return out;
  }
};

Result<std::vector<double>> ParseSizes(const std::string& text) {
  std::vector<double> out;
  for (const std::string_view part : Split(text, ',')) {
    const auto value = ParseDouble(Trim(part));
    if (!value || !(*value >= 0) || !(*value <= 1e18)) {
      return InvalidArgument(StrCat("--bytes has '", Printable(part, 40), "', no number of bytes from 0 to 1e18"));
    }
    out.push_back(*value);
  }
  if (out.size() > kSizesMax) return InvalidArgument(StrCat("--bytes has ", out.size(), " sizes; at most ", kSizesMax));
  return out;
}

// One row of the result.
struct Row {
  sim::AllReduce algorithm = sim::AllReduce::kRing;
  double bytes = 0;
  sim::Estimate model;
  std::optional<sim::AllReduceRun> run;  // nothing where it was not simulated
  std::string note;
  double seconds() const { return run ? run->seconds : model.seconds; }
};

Result<Row> RunOne(sim::AllReduce algorithm, const cluster::Fabric& fabric, double bytes, const Options& options) {
  Row row{.algorithm = algorithm, .bytes = bytes, .model = sim::EstimateAllReduce(algorithm, fabric, bytes, options.segments), .run = {}, .note = {}};
  if (options.model_only) return row;
  auto run = sim::SimulateAllReduce(algorithm, fabric, bytes, options.segments, options.Conditions());
  if (run.ok()) {
    row.note = run->assumption;
    row.run = *std::move(run);
  } else if (run.error().code() == StatusCode::kExhausted) {
    row.note = run.error().message();  // the closed form holds all the same
  } else {
    return run.error().Wrap(sim::NameOf(algorithm));
  }
  return row;
}

Result<std::vector<Row>> RunAll(const cluster::Fabric& fabric, const std::vector<double>& sizes, const Options& options) {
  std::vector<Row> rows;
  for (const double bytes : sizes) {
    std::vector<sim::AllReduce> algorithms;
    if (options.algorithm == "all") {
      algorithms = sim::ApplicableTo(fabric);
    } else if (options.algorithm == "auto") {
      algorithms = {sim::ChooseAllReduce(fabric, bytes, options.segments)};
    } else {
      PANO_ASSIGN_OR_RETURN(const sim::AllReduce one, sim::ParseAllReduce(options.algorithm));
      PANO_RETURN_IF_ERROR(sim::CheckApplicable(one, fabric));
      algorithms = {one};
    }
    for (const sim::AllReduce algorithm : algorithms) {
      PANO_ASSIGN_OR_RETURN(Row row, RunOne(algorithm, fabric, bytes, options));
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

json::Value ToJson(const cluster::Fabric& fabric, const std::vector<Row>& rows) {
  json::Array list;
  for (const Row& row : rows) {
    json::Value value;
    value.Set("algorithm", sim::NameOf(row.algorithm));
    const bool whole = row.bytes < 9e15 && row.bytes == std::floor(row.bytes);
    value.Set("bytes", whole ? json::Value(static_cast<int64_t>(row.bytes)) : json::Value(row.bytes));
    value.Set("model_s", row.model.seconds);
    value.Set("sim_s", row.run ? json::Value(row.run->seconds) : json::Value());
    value.Set("busbw_gb_s", sim::BusBandwidth(fabric.ranks(), row.bytes, row.seconds()) / 1e9);
    value.Set("chunks", row.model.chunks);
    if (row.run) {
      value.Set("sim_chunks", row.run->chunks);
      value.Set("messages", row.run->messages);
    }
    if (!row.note.empty()) value.Set("note", row.note);
    list.push_back(std::move(value));
  }
  json::Value out;
  out.Set("ranks", fabric.ranks());
  out.Set("results", std::move(list));
  return out;
}

void Print(const cluster::Fabric& fabric, const std::vector<Row>& rows) {
  std::printf("%lld nodes of %lld: %.4g GB/s between cards, %.4g GB/s a node%s\n",
              static_cast<long long>(fabric.nodes), static_cast<long long>(fabric.gpus_per_node), fabric.intra.bytes_s / 1e9,
              fabric.node_bytes_s() / 1e9,
              fabric.nodes > fabric.leaf_nodes ? StrCat(", leaves of ", fabric.leaf_nodes, " at ", fabric.oversubscription, ":1").c_str() : "");
  std::printf("%14s  %-14s %14s %14s %12s\n", "bytes", "algorithm", "derived s", "simulated s", "bus GB/s");
  for (const Row& row : rows) {
    char simulated[32] = "-";
    if (row.run) std::snprintf(simulated, sizeof simulated, "%.6g", row.run->seconds);
    std::printf("%14.6g  %-14s %14.6g %14s %12.4g%s%s\n", row.bytes, std::string(sim::NameOf(row.algorithm)).c_str(), row.model.seconds,
                simulated, sim::BusBandwidth(fabric.ranks(), row.bytes, row.seconds()) / 1e9, row.note.empty() ? "" : "  ", row.note.c_str());
  }
}

Status WritePlot(const std::string& path, const cluster::Fabric& fabric, const std::vector<Row>& rows) {
  sim::Chart chart{.title = StrCat("All-reduce on ", fabric.nodes, " nodes of ", fabric.gpus_per_node, ", ", fabric.node_bytes_s() / 1e9, " GB/s a node"),
                   .x_label = "bytes on every rank", .y_label = "seconds", .footer = "simulated", .series = {}};
  for (const Row& row : rows) {
    const std::string name(sim::NameOf(row.algorithm));
    auto found = std::ranges::find(chart.series, name, &sim::Chart::Series::name);
    if (found == chart.series.end()) found = chart.series.insert(found, {.name = name, .points = {}, .dashed = name == "ring-unaware"});
    found->points.emplace_back(row.bytes, row.seconds());
    if (!row.run) chart.footer = "simulated; derived where a run would be too large";
  }
  return WriteFile(path, sim::DrawSvg(chart)).Wrap(path);
}

}  // namespace

int RunSimAllReduce(const cli::Command& self, cli::Args args) {
  Options options;
  OptionSet set;
  options.Declare(set);
  if (const auto code = cli::Parse(self, set, args)) return *code;
  if (options.bytes.empty()) return cli::FailUsage(self, "--bytes is missing");
  const auto sizes = ParseSizes(options.bytes);
  if (!sizes.ok()) return cli::FailUsage(self, sizes.error().message());
  const auto fabric = options.fabric.Resolve();
  if (!fabric.ok()) return cli::Fail(self, fabric.error());
  const auto rows = RunAll(*fabric, *sizes, options);
  if (!rows.ok()) return cli::Fail(self, rows.error());
  if (options.as_json) {
    std::printf("%s\n", json::Dump(ToJson(*fabric, *rows)).c_str());
  } else {
    Print(*fabric, *rows);
  }
  if (options.plot.empty()) return 0;
  const Status written = WritePlot(options.plot, *fabric, *rows);
  return written.ok() ? 0 : cli::Fail(self, written);
}

}  // namespace pano::infra
