#pragma once

#include <vector>

#include "infra/cluster/fabric.h"
#include "infra/sim/schedule.h"

namespace pano::sim {

// Two binary trees over the nodes with half the bytes each, in chunks: sums go up to the roots and come down
// again, several chunks under way at once; inside a node they go along the chain of its cards (Sanders, Speck and
// Träff, "Two-tree algorithms for full bandwidth broadcast, reduction and scan", 2009). A node that has children
// in one tree has none in the other, so that both together fill its NIC. Actors are a rank's edges to its parent,
// one up and one down in each tree; steps are chunks. Immutable.
class DoubleTreeSchedule final : public Schedule {
 public:
  DoubleTreeSchedule(const cluster::Fabric& fabric, double bytes, int64_t chunks);

  int64_t actors() const override { return 4 * ranks_; }
  int64_t steps() const override { return chunks_; }
  Move At(int64_t actor, int64_t step) const override;
  int64_t Needs(int64_t actor, int64_t step) const override;
  void AppendDependents(int64_t actor, int64_t step, std::vector<Dependent>& out) const override;

  // Of node `position` in a tree of `count`; -1 for the root, which is 0.
  static int64_t ParentInTree(int64_t position, int64_t count);

 private:
  struct Place {
    int64_t parent = -1;
    std::vector<int64_t> children = {};
  };
  int64_t ranks_ = 1;
  int64_t chunks_ = 1;
  double bytes_ = 0;  // of a message
  std::vector<Place> places_;  // of tree 0 by rank, then of tree 1
};

// Every node sends chunks up to the switches, which add them and send each sum down to all. Actors: up from each
// node, down to each, and the switches. Immutable.
class InNetworkSchedule final : public Schedule {
 public:
  InNetworkSchedule(int64_t nodes, double bytes, int64_t chunks) : nodes_(nodes), chunks_(chunks), bytes_(bytes / static_cast<double>(chunks)) {}

  int64_t actors() const override { return 2 * nodes_ + 1; }
  int64_t steps() const override { return chunks_; }
  Move At(int64_t actor, int64_t step) const override;
  int64_t Needs(int64_t actor, int64_t step) const override;
  void AppendDependents(int64_t actor, int64_t step, std::vector<Dependent>& out) const override;

 private:
  const int64_t nodes_;
  const int64_t chunks_;
  const double bytes_;
};

}  // namespace pano::sim
