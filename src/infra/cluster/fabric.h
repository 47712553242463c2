#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace YAML {
class Node;
}

namespace pano::cluster {

// A port, one way: a message waits alpha, then its bytes flow.
struct Link {
  double alpha_s = 0;
  double bytes_s = 0;
};

// Nodes of equal cards and what joins them. Rank = node * gpus_per_node + card. A value.
struct Fabric {
  std::string name;
  int64_t nodes = 1;
  int64_t gpus_per_node = 1;
  Link intra;                  // a card's port inside its node, full duplex, behind a switch without contention
  Link inter;                  // one NIC, full duplex
  int64_t nics_per_node = 1;   // several: NIC r belongs to the cards with card % nics_per_node == r
  int64_t leaf_nodes = 1;      // nodes under one leaf switch
  double oversubscription = 1; // a leaf's uplink carries leaf_nodes * nics_per_node * inter / this
  double switch_alpha_s = 0.5e-6;  // of a reduction inside the switches (in-network all-reduce)
  int64_t switch_levels = 1;

  int64_t ranks() const { return nodes * gpus_per_node; }
  // All NICs of a node together.
  double node_bytes_s() const { return static_cast<double>(nics_per_node) * inter.bytes_s; }
  // The uplink of a whole leaf.
  double uplink_bytes_s() const { return static_cast<double>(leaf_nodes) * node_bytes_s() / oversubscription; }
};

inline constexpr int64_t kRanksMax = 1 << 20;
inline constexpr int64_t kFabricBytesMax = 64 << 10;  // of a file

// A cluster file: a fabric, and optionally the accelerator in it (docs/reports/planning.md).
struct ClusterFile {
  Fabric fabric;
  std::string accelerator;  // a name of the catalogue; "" = none
};

// The YAML text of a cluster file; `source` stands in front of messages. InvalidArgument, with the place and
// the line, for what is no such file, for counts of 0 or below, and for more than kRanksMax ranks.
Result<ClusterFile> ParseCluster(std::string_view text, std::string_view source);
Result<ClusterFile> ReadCluster(const std::string& path);

// Parts of catalogues, which have the same form.
Result<Link> ReadLink(const YAML::Node& node, std::string_view place);
// {alpha_us, gb_s, nics_per_node}: into `fabric`.
Status ReadInter(const YAML::Node& node, std::string_view place, Fabric& fabric);

}  // namespace pano::cluster
