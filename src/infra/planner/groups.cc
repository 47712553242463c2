#include "infra/planner/groups.h"

#include <algorithm>

namespace pano::planner {
namespace {

// What one rank's messages to another node get, when each of the groups at `stride` has one hop out of the node.
double RateBetweenNodes(const cluster::Fabric& f, int64_t stride, int64_t span) {
  const auto groups = static_cast<double>(std::min(stride, f.gpus_per_node));
  double rate = f.node_bytes_s() / groups;
  if (span > f.leaf_nodes * f.gpus_per_node) {
    rate = std::min(rate, f.uplink_bytes_s() / static_cast<double>(std::min(stride, f.leaf_nodes * f.gpus_per_node)));
  }
  return rate;
}

}  // namespace

double PassSeconds(const cluster::Fabric& f, Group group, double bytes) {
  if (group.size <= 1) return 0;
  const auto size = static_cast<double>(group.size);
  const int64_t span = group.size * group.stride;
  const double share = (size - 1) / size * bytes;
  if (span <= f.gpus_per_node) return share / f.intra.bytes_s + (size - 1) * f.intra.alpha_s;
  const double rate = RateBetweenNodes(f, group.stride, span);
  const bool alone = group.stride >= f.gpus_per_node;   // one rank a node
  const double ring = share / (alone ? rate : std::min(rate, f.intra.bytes_s)) + (size - 1) * f.inter.alpha_s;
  if (alone) return ring;
  const auto inside = static_cast<double>(f.gpus_per_node / group.stride);
  if (inside <= 1) return ring;
  const double nodes = size / inside;
  const double two = (inside - 1) / inside * bytes / f.intra.bytes_s + (inside - 1) * f.intra.alpha_s +
                     (nodes - 1) / nodes * bytes / rate + (nodes - 1) * f.inter.alpha_s;
  return std::min(ring, two);
}

double SendSeconds(const cluster::Fabric& f, int64_t stride, double bytes) {
  if (f.nodes == 1 || stride < f.gpus_per_node) return f.intra.alpha_s + bytes / f.intra.bytes_s;
  double rate = f.node_bytes_s() / static_cast<double>(f.gpus_per_node);
  if (stride >= f.leaf_nodes * f.gpus_per_node) {
    rate = std::min(rate, f.uplink_bytes_s() / static_cast<double>(f.leaf_nodes * f.gpus_per_node));
  }
  return f.inter.alpha_s + bytes / rate;
}

}  // namespace pano::planner
