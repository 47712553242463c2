#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "infra/cluster/fabric.h"

namespace pano::sim {

// How ranks add S bytes that each of them has, so that all have the sum.
enum class AllReduce : uint8_t {
  kRing,         // reduce-scatter and all-gather round a ring in node order (Patarasuk and Yuan, 2009)
  kRingUnaware,  // the same in an order in which every hop leaves its node
  kRhd,          // recursive halving, then doubling (Rabenseifner, 2004); one rank a node, or one node
  kTwoLevel,     // reduce-scatter in the node, rings across nodes, all-gather in the node
  kTwoLevelRhd,  // the same with halving and doubling across nodes
  kBlueConnect,  // dimensions node, leaf, leaves (Cho et al., MLSys 2019)
  kDoubleTree,   // two binary trees with half the bytes each, in chunks (Sanders et al., 2009)
  kInNetwork,    // the switches add (SHARP)
};
inline constexpr std::array kAllReduces = {
    AllReduce::kRing,        AllReduce::kRingUnaware, AllReduce::kRhd,        AllReduce::kTwoLevel,
    AllReduce::kTwoLevelRhd, AllReduce::kBlueConnect, AllReduce::kDoubleTree, AllReduce::kInNetwork};

std::string_view NameOf(AllReduce algorithm);  // "two-level"
// InvalidArgument that lists the names.
Result<AllReduce> ParseAllReduce(std::string_view name);

// InvalidArgument that says why the algorithm is not defined on such a cluster.
Status CheckApplicable(AllReduce algorithm, const cluster::Fabric& fabric);
// Those that are defined there and differ from each other, in the order of kAllReduces.
std::vector<AllReduce> ApplicableTo(const cluster::Fabric& fabric);

// A time by closed form, in the alpha-beta model of README.md. A value.
struct Estimate {
  double seconds = 0;
  double chunks = 1;  // of a double tree: as many as make it fastest, no whole number
};
// With `segments` above 1 the bytes are cut and the phases of the segments overlap: the slowest of the node's
// links and the network then has all of its own time, the other its time for one segment.
// REQUIRES: CheckApplicable is ok, bytes >= 0.
Estimate EstimateAllReduce(AllReduce algorithm, const cluster::Fabric& fabric, double bytes, int64_t segments = 1);

// The applicable algorithm with the least estimate, that of a double tree not below what the chains inside nodes
// take of a card's port. REQUIRES: more than one rank.
AllReduce ChooseAllReduce(const cluster::Fabric& fabric, double bytes, int64_t segments = 1);

// What no schedule of messages can beat: 2 (n - 1)/n S over what joins the nodes, or over a card's port in a
// single node.
double LowerBound(const cluster::Fabric& fabric, double bytes);
// S/t 2(p - 1)/p: what a link would carry if ring traffic were all there is (nccl-tests). 0 where t is 0.
double BusBandwidth(int64_t ranks, double bytes, double seconds);

// Messages that a schedule has in one step of halving or doubling across nodes, `distance` apart, share the
// uplinks of leaves: the rate of one node.
double ExchangeRate(const cluster::Fabric& fabric, int64_t distance);

}  // namespace pano::sim
