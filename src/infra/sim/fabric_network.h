#pragma once

#include <cstdint>
#include <vector>

#include "infra/cluster/fabric.h"
#include "infra/sim/network_simulation.h"

namespace pano::sim {

// The ports of a cluster as links of a FlowNetwork: a card's port to its node's switch, a node's NICs, a leaf's
// uplink, each once for either direction. Confined to the simulation's thread.
class FabricNetwork {
 public:
  // Which NIC a message takes.
  enum class Nics {
    kOwn,     // that of the sender's card (card mod NICs), and of the receiver's
    kBonded,  // all of the node's as one port: for schedules that have the same traffic on each
  };

  // `simulation` outlives it.
  FabricNetwork(const cluster::Fabric& fabric, Nics nics, NetworkSimulation& simulation);

  // Ranks of one node: the cards' ports. Else: NIC, uplinks between different leaves, NIC.
  Route Between(int64_t from, int64_t to) const;
  double Alpha(int64_t from, int64_t to) const {
    return Node(from) == Node(to) ? fabric_.intra.alpha_s : fabric_.inter.alpha_s;
  }
  Route UpFrom(int64_t node) const;   // to the switch that it hangs on
  Route DownTo(int64_t node) const;

  // Multiplies what the node's NICs carry, both ways, from now on; 0: it is cut off.
  void SetNodeRate(int64_t node, double factor);

 private:
  int64_t Node(int64_t rank) const { return rank / fabric_.gpus_per_node; }
  int64_t Nic(int64_t rank) const { return Node(rank) * nics_ + rank % fabric_.gpus_per_node % nics_; }

  const cluster::Fabric fabric_;
  NetworkSimulation& simulation_;
  int64_t nics_ = 1;  // ports of a node
  double nic_bytes_s_ = 0;
  bool leaves_ = false;  // there are several
  LinkId card_ = 0;      // the first link of a kind; a port's two directions lie side by side
  LinkId nic_ = 0;
  LinkId leaf_ = 0;
};

}  // namespace pano::sim
