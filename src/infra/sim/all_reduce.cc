#include "infra/sim/all_reduce.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <string>

#include "base/closest_name.h"
#include "base/strings.h"

// Formulas: science.md 2.2 of the project's sources; Thakur, Rabenseifner and Gropp, "Optimization of collective
// communication operations in MPICH" (2005); Cho et al., "BlueConnect" (MLSys 2019). B of BlueConnect's
// dimension k is what one rank has of it.

namespace pano::sim {
namespace {

struct Row {
  AllReduce algorithm;
  std::string_view name;
};
constexpr std::array<Row, kAllReduces.size()> kNames = {{
    {AllReduce::kRing, "ring"},
    {AllReduce::kRingUnaware, "ring-unaware"},
    {AllReduce::kRhd, "rhd"},
    {AllReduce::kTwoLevel, "two-level"},
    {AllReduce::kTwoLevelRhd, "two-level-rhd"},
    {AllReduce::kBlueConnect, "blueconnect"},
    {AllReduce::kDoubleTree, "dbt"},
    {AllReduce::kInNetwork, "in-network"},
}};

// The figures of a fabric by the letters of the formulas.
struct Letters {
  explicit Letters(const cluster::Fabric& f)
      : N(static_cast<double>(f.nodes)), G(static_cast<double>(f.gpus_per_node)), p(N * G),
        a_i(f.intra.alpha_s), B_i(f.intra.bytes_s), a_e(f.inter.alpha_s), B_n(f.node_bytes_s()),
        m(static_cast<double>(std::min(f.leaf_nodes, f.nodes))), uplink(f.nodes > f.leaf_nodes ? f.uplink_bytes_s() : kNoLimit) {}
  static constexpr double kNoLimit = 1e300;
  double N, G, p, a_i, B_i, a_e, B_n, m, uplink;
};

// Time in the links of nodes and time in the network; phases of one kind do not overlap.
struct Phases {
  double intra = 0;
  double inter = 0;
};

double RingOfNodes(const Letters& l, double bytes) { return 2 * (l.G - 1) * (l.a_i + bytes / (l.G * l.B_i)); }

double Ring(const Letters& l, double S) {
  double hop = 0;
  if (l.N > 1) hop = l.a_e + S / (l.p * std::min(l.B_n, l.uplink));
  if (l.G > 1) hop = std::max(hop, l.a_i + S / (l.p * l.B_i));
  return 2 * (l.p - 1) * hop;
}

// Halving and doubling of S bytes among the nodes, or among the cards of one node.
double Halving(const cluster::Fabric& fabric, const Letters& l, double S) {
  const bool inside = fabric.nodes == 1;
  const auto n = static_cast<uint64_t>(inside ? fabric.gpus_per_node : fabric.nodes);
  const double alpha = inside ? l.a_i : l.a_e;
  const double most = inside ? l.B_i : l.B_n;
  const auto steps = static_cast<int>(std::bit_width(n)) - 1;
  double seconds = 0;
  for (int k = 0; k < steps; ++k) {
    const double rate = inside ? most : ExchangeRate(fabric, int64_t{1} << k);
    seconds += 2 * (alpha + S / std::exp2(k + 1) / rate);
  }
  if (!std::has_single_bit(n)) seconds += 2 * (alpha + S / most);  // folding
  return seconds;
}

double BlueConnect(const cluster::Fabric& fabric, const Letters& l, double S) {
  const double across = static_cast<double>(fabric.nodes) / l.m;
  const double rank_rate = l.B_n / l.G;
  double seconds = 2 * (l.m - 1) * (l.a_e + S / (l.G * l.m) / rank_rate);
  if (across > 1) seconds += 2 * (across - 1) * (l.a_e + S / l.p / std::min(rank_rate, rank_rate / fabric.oversubscription));
  return seconds;
}

Phases PhasesOf(AllReduce algorithm, const cluster::Fabric& fabric, double S) {
  const Letters l(fabric);
  switch (algorithm) {
    case AllReduce::kRing: return {.inter = Ring(l, S)};
    case AllReduce::kRingUnaware: return {.inter = 2 * (l.p - 1) * (l.a_e + S * l.G / (l.p * std::min(l.B_n, l.uplink)))};
    case AllReduce::kRhd: return {.inter = Halving(fabric, l, S)};
    case AllReduce::kTwoLevel: return {RingOfNodes(l, S), 2 * (l.N - 1) * (l.a_e + S / (l.N * std::min(l.B_n, l.uplink)))};
    case AllReduce::kTwoLevelRhd: return {RingOfNodes(l, S), fabric.nodes > 1 ? Halving(fabric, l, S) : 0};
    case AllReduce::kBlueConnect: return {RingOfNodes(l, S), BlueConnect(fabric, l, S)};
    case AllReduce::kDoubleTree: break;
    case AllReduce::kInNetwork:
      return {RingOfNodes(l, S), 2 * static_cast<double>(fabric.switch_levels) * fabric.switch_alpha_s + S / std::min(l.B_n, l.uplink)};
  }
  return {};
}

// Hops from a leaf of the tree to its root: levels between nodes, and the chain inside them.
double TreeHops(const Letters& l) { return std::log2(l.N) + l.G - 2; }

}  // namespace

std::string_view NameOf(AllReduce algorithm) {
  for (const Row& row : kNames) {
    if (row.algorithm == algorithm) return row.name;
  }
  return "";
}

Result<AllReduce> ParseAllReduce(std::string_view name) {
  std::vector<std::string_view> names;
  std::string all;
  for (const Row& row : kNames) {
    if (row.name == name) return row.algorithm;
    names.push_back(row.name);
    all += StrCat(all.empty() ? "" : ", ", row.name);
  }
  return InvalidArgument(StrCat("there is no algorithm '", Printable(name, 40), "'", DidYouMean(name, names), " (", all, ")"));
}

Status CheckApplicable(AllReduce algorithm, const cluster::Fabric& fabric) {
  const auto refuse = [&](std::string_view why) {
    return InvalidArgument(StrCat(NameOf(algorithm), " ", why, "; this fabric has ", fabric.nodes, " nodes of ", fabric.gpus_per_node));
  };
  switch (algorithm) {
    case AllReduce::kRing:
    case AllReduce::kTwoLevel:
    case AllReduce::kTwoLevelRhd: return {};
    case AllReduce::kRingUnaware: return fabric.nodes > 1 ? OkStatus() : refuse("needs several nodes: each of its hops leaves one");
    case AllReduce::kRhd:
      return fabric.nodes == 1 || fabric.gpus_per_node == 1 ? OkStatus() : refuse("needs one rank a node, or one node (two-level-rhd has both)");
    case AllReduce::kBlueConnect:
      return fabric.nodes <= fabric.leaf_nodes || fabric.nodes % fabric.leaf_nodes == 0 ? OkStatus() : refuse("needs leaves of equally many nodes");
    case AllReduce::kDoubleTree:
      return fabric.nodes > 1 && TreeHops(Letters(fabric)) > 0 ? OkStatus() : refuse("needs several nodes and more than two ranks");
    case AllReduce::kInNetwork: return fabric.nodes > 1 ? OkStatus() : refuse("needs switches between several nodes");
  }
  return {};
}

std::vector<AllReduce> ApplicableTo(const cluster::Fabric& fabric) {
  const bool both = fabric.nodes > 1 && fabric.gpus_per_node > 1;
  std::vector<AllReduce> out;
  for (const AllReduce algorithm : kAllReduces) {
    const bool hierarchical = algorithm == AllReduce::kTwoLevel || algorithm == AllReduce::kTwoLevelRhd ||
                              algorithm == AllReduce::kBlueConnect || algorithm == AllReduce::kRingUnaware;
    if (hierarchical && !both) continue;  // else the same as ring or rhd
    if (CheckApplicable(algorithm, fabric).ok()) out.push_back(algorithm);
  }
  return out;
}

double ExchangeRate(const cluster::Fabric& fabric, int64_t distance) {
  const double node = fabric.node_bytes_s();
  if (fabric.nodes <= fabric.leaf_nodes) return node;
  // How many nodes of the fullest leaf have their partner in another one, partners being `distance` apart in
  // groups of twice that.
  const int64_t leaf = fabric.leaf_nodes;
  int64_t crossing = distance >= leaf ? leaf : 0;
  if (crossing == 0 && leaf % (2 * distance) != 0) {
    for (int64_t begin = 0; begin < std::min<int64_t>(fabric.nodes, leaf * 4096); begin += leaf) {
      int64_t count = 0;
      for (int64_t node_id = begin; node_id < std::min(begin + leaf, fabric.nodes); ++node_id) {
        const int64_t partner = node_id ^ distance;
        if (partner < fabric.nodes && partner / leaf != node_id / leaf) ++count;
      }
      crossing = std::max(crossing, count);
    }
  }
  if (crossing == 0) return node;
  return std::min(node, fabric.uplink_bytes_s() / static_cast<double>(crossing));
}

Estimate EstimateAllReduce(AllReduce algorithm, const cluster::Fabric& fabric, double bytes, int64_t segments) {
  if (algorithm == AllReduce::kDoubleTree) {
    const Letters l(fabric);
    const double hops = TreeHops(l);
    const double chunks = std::max(1.0, std::sqrt(hops * bytes / (l.a_e * l.B_n)));
    if (!(chunks < 1e15)) return {2 * bytes / l.B_n, 1e15};  // no waiting: as fine as one likes
    return {2 * (hops + chunks) * (l.a_e + bytes / (chunks * l.B_n)), chunks};
  }
  const auto k = static_cast<double>(segments);
  const Phases one = PhasesOf(algorithm, fabric, bytes / k);
  return {one.intra + one.inter + (k - 1) * std::max(one.intra, one.inter), k};
}

AllReduce ChooseAllReduce(const cluster::Fabric& fabric, double bytes, int64_t segments) {
  AllReduce best = AllReduce::kRing;
  double least = EstimateAllReduce(best, fabric, bytes, segments).seconds;
  for (const AllReduce algorithm : ApplicableTo(fabric)) {
    double seconds = EstimateAllReduce(algorithm, fabric, bytes, segments).seconds;
    // Its estimate knows no chains inside nodes: each card hands both halves on, up and down.
    if (algorithm == AllReduce::kDoubleTree && fabric.gpus_per_node > 1) seconds = std::max(seconds, 2 * bytes / fabric.intra.bytes_s);
    if (seconds < least) {
      least = seconds;
      best = algorithm;
    }
  }
  return best;
}

double LowerBound(const cluster::Fabric& fabric, double bytes) {
  const bool inside = fabric.nodes == 1;
  const auto n = static_cast<double>(inside ? fabric.gpus_per_node : fabric.nodes);
  return 2 * (n - 1) / n * bytes / (inside ? fabric.intra.bytes_s : fabric.node_bytes_s());
}

double BusBandwidth(int64_t ranks, double bytes, double seconds) {
  const auto p = static_cast<double>(ranks);
  return seconds > 0 ? bytes / seconds * 2 * (p - 1) / p : 0;
}

}  // namespace pano::sim
