#include "infra/sim/fabric_network.h"

#include <algorithm>

namespace pano::sim {
namespace {

// `count` ports, each a link out and a link in.
LinkId AddPorts(FlowNetwork& network, int64_t count, double bytes_s) {
  const auto first = static_cast<LinkId>(network.link_count());
  for (int64_t i = 0; i < 2 * count; ++i) network.AddLink(bytes_s);
  return first;
}
LinkId Out(LinkId first, int64_t port) { return first + static_cast<LinkId>(2 * port); }
LinkId In(LinkId first, int64_t port) { return first + static_cast<LinkId>(2 * port + 1); }

}  // namespace

FabricNetwork::FabricNetwork(const cluster::Fabric& fabric, Nics nics, NetworkSimulation& simulation)
    : fabric_(fabric), simulation_(simulation) {
  // More NICs than cards: each card has several, which it uses as one.
  nics_ = nics == Nics::kBonded ? 1 : std::min(fabric.nics_per_node, fabric.gpus_per_node);
  nic_bytes_s_ = fabric.node_bytes_s() / static_cast<double>(nics_);
  leaves_ = fabric.nodes > fabric.leaf_nodes;
  FlowNetwork& network = simulation.network();
  if (fabric.gpus_per_node > 1) card_ = AddPorts(network, fabric.ranks(), fabric.intra.bytes_s);
  if (fabric.nodes > 1) nic_ = AddPorts(network, fabric.nodes * nics_, nic_bytes_s_);
  if (leaves_) {
    leaf_ = AddPorts(network, (fabric.nodes + fabric.leaf_nodes - 1) / fabric.leaf_nodes, fabric.uplink_bytes_s());
  }
}

Route FabricNetwork::Between(int64_t from, int64_t to) const {
  Route route;
  if (Node(from) == Node(to)) {
    route.Add(Out(card_, from));
    route.Add(In(card_, to));
    return route;
  }
  route.Add(Out(nic_, Nic(from)));
  const int64_t leaf_from = Node(from) / fabric_.leaf_nodes, leaf_to = Node(to) / fabric_.leaf_nodes;
  if (leaf_from != leaf_to) {
    route.Add(Out(leaf_, leaf_from));
    route.Add(In(leaf_, leaf_to));
  }
  route.Add(In(nic_, Nic(to)));
  return route;
}

Route FabricNetwork::UpFrom(int64_t node) const {
  Route route;
  route.Add(Out(nic_, node * nics_));
  return route;
}

Route FabricNetwork::DownTo(int64_t node) const {
  Route route;
  route.Add(In(nic_, node * nics_));
  return route;
}

void FabricNetwork::SetNodeRate(int64_t node, double factor) {
  if (fabric_.nodes < 2) return;
  for (int64_t nic = node * nics_; nic < (node + 1) * nics_; ++nic) {
    simulation_.network().SetCapacity(Out(nic_, nic), nic_bytes_s_ * factor);
    simulation_.network().SetCapacity(In(nic_, nic), nic_bytes_s_ * factor);
  }
}

}  // namespace pano::sim
