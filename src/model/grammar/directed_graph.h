#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace pano::grammar {

// A directed graph in one array. Immutable after construction.
class DirectedGraph {
 public:
  DirectedGraph(uint32_t node_count, std::vector<std::pair<uint32_t, uint32_t>> edges);

  uint32_t node_count() const { return static_cast<uint32_t>(begin_.size() - 1); }
  std::span<const uint32_t> Successors(uint32_t node) const {
    return {targets_.data() + begin_[node], targets_.data() + begin_[node + 1]};
  }

  // The number of each node's strongly connected component; an edge between two components leads
  // to the smaller number (Tarjan 1972, without recursion).
  std::vector<uint32_t> Components() const;

  // A shortest way from `node` along edges back to it, without the repetition at the end; empty
  // where there is none.
  std::vector<uint32_t> Cycle(uint32_t node) const;

 private:
  std::vector<uint32_t> begin_;
  std::vector<uint32_t> targets_;
};

}  // namespace pano::grammar
