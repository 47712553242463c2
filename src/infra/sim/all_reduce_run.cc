#include "infra/sim/all_reduce_run.h"

#include <algorithm>
#include <cmath>

#include "base/strings.h"
#include "infra/sim/phased_schedule.h"
#include "infra/sim/tree_schedule.h"

namespace pano::sim {
namespace {

constexpr int64_t kInNetworkChunks = 32;

AllReduceRun Of(const ScheduleRun& run, int64_t chunks) {
  return {.seconds = run.seconds, .chunks = chunks, .messages = run.messages, .jumped_steps = run.jumped_steps, .assumption = {}};
}

Result<AllReduceRun> DoubleTree(cluster::Fabric fabric, double bytes, const Conditions& conditions) {
  const double wanted = EstimateAllReduce(AllReduce::kDoubleTree, fabric, bytes).chunks;
  const auto chunks = static_cast<int64_t>(std::clamp(std::round(wanted), 1.0, static_cast<double>(kTreeChunksMax)));
  std::string assumption;
  // The estimate knows no chains slower than the NICs.
  if (fabric.gpus_per_node > 1 && fabric.intra.bytes_s < fabric.node_bytes_s()) {
    assumption = "dbt: the chains inside nodes keep up with the NICs, which these cards' ports do not";
    fabric.intra.bytes_s = fabric.node_bytes_s();
  }
  const DoubleTreeSchedule schedule(fabric, bytes, chunks);
  PANO_ASSIGN_OR_RETURN(const ScheduleRun run, RunSchedule(schedule, fabric, {.nics = FabricNetwork::Nics::kBonded, .conditions = conditions}));
  AllReduceRun out = Of(run, chunks);
  out.assumption = std::move(assumption);
  return out;
}

Result<AllReduceRun> InNetwork(const cluster::Fabric& fabric, double bytes, const Conditions& conditions) {
  const double delay = static_cast<double>(fabric.switch_levels) * fabric.switch_alpha_s;
  double rate = fabric.node_bytes_s();
  if (fabric.nodes > fabric.leaf_nodes) rate = std::min(rate, fabric.uplink_bytes_s());  // the leaf sends one sum up
  const int64_t chunks = bytes > 0 ? kInNetworkChunks : 1;
  const InNetworkSchedule schedule(fabric.nodes, bytes, chunks);
  PANO_ASSIGN_OR_RETURN(const ScheduleRun across,
                        RunSchedule(schedule, fabric,
                                    {.nics = FabricNetwork::Nics::kBonded, .switch_delay_s = delay, .switch_bytes_s = rate, .conditions = conditions}));
  AllReduceRun out = Of(across, chunks);
  if (fabric.gpus_per_node > 1) {
    const PhasedSchedule scatter = PhasedSchedule::ForScatterInNodes(fabric, bytes);
    PANO_ASSIGN_OR_RETURN(const ScheduleRun inside, RunSchedule(scatter, fabric, {}));
    out.seconds += 2 * inside.seconds;
    out.messages += 2 * inside.messages;
  }
  return out;
}

}  // namespace

Result<AllReduceRun> SimulateAllReduce(AllReduce algorithm, const cluster::Fabric& fabric, double bytes,
                                       int64_t segments, const Conditions& conditions) {
  if (algorithm == AllReduce::kDoubleTree) return DoubleTree(fabric, bytes, conditions);
  if (algorithm == AllReduce::kInNetwork) return InNetwork(fabric, bytes, conditions);
  const PhasedSchedule schedule = PhasedSchedule::ForAllReduce(algorithm, fabric, bytes, segments);
  RunOptions options;
  options.conditions = conditions;
  // A ring in node order for each NIC: all are alike, so that one over all NICs takes the same time.
  if (algorithm == AllReduce::kRing) options.nics = FabricNetwork::Nics::kBonded;
  options.jump = segments == 1;
  PANO_ASSIGN_OR_RETURN(const ScheduleRun run, RunSchedule(schedule, fabric, options));
  return Of(run, segments);
}

}  // namespace pano::sim
