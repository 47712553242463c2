#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "data/version/pipeline/stage.h"

namespace pano::pipeline {

// Something that a graph orders: what it is called, what it reads and what it makes, from the root.
// A value.
struct GraphNode {
  std::string name;
  std::vector<std::string> reads, makes;
  bool frozen = false;  // what it reads does not count
};

// Which node uses what of which: an edge goes from a node to the one that makes a path which is the
// same as, inside of, or around one that it reads. Immutable, so thread-safe.
class StageGraph {
 public:
  // InvalidArgument names the nodes where two make the same path or one inside another's, and where
  // they form a circle.
  static Result<StageGraph> Build(std::vector<GraphNode> nodes);

  const std::vector<GraphNode>& nodes() const { return nodes_; }
  // Nodes that node `i` needs, in the order of what it reads.
  const std::vector<size_t>& needs(size_t i) const { return needs_[i]; }

  // `targets` and all they need, each behind what it needs; all nodes for no target.
  std::vector<size_t> Order(const std::vector<size_t>& targets) const;
  // `targets` and all that need them, each behind what it needs.
  std::vector<size_t> Downstream(const std::vector<size_t>& targets) const;

  // As text: "dot" (Graphviz), "mermaid", or a tree of what needs what, for terminals.
  std::string Dot(const std::vector<size_t>& chosen) const;
  std::string Mermaid(const std::vector<size_t>& chosen) const;
  std::string Tree(const std::vector<size_t>& chosen) const;

 private:
  std::vector<GraphNode> nodes_;
  std::vector<std::vector<size_t>> needs_, needed_by_;
};

}  // namespace pano::pipeline
