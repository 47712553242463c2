#include "model/grammar/directed_graph.h"

#include <algorithm>

namespace pano::grammar {

DirectedGraph::DirectedGraph(uint32_t node_count, std::vector<std::pair<uint32_t, uint32_t>> edges)
    : begin_(node_count + 1, 0) {
  std::sort(edges.begin(), edges.end());
  edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
  targets_.reserve(edges.size());
  for (const auto& [from, to] : edges) {
    ++begin_[from + 1];
    targets_.push_back(to);
  }
  for (uint32_t i = 0; i < node_count; ++i) begin_[i + 1] += begin_[i];
}

std::vector<uint32_t> DirectedGraph::Components() const {
  constexpr uint32_t kUnseen = UINT32_MAX;
  const uint32_t n = node_count();
  std::vector<uint32_t> component(n, kUnseen), number(n, kUnseen), low(n, 0), open, path, next(n, 0);
  uint32_t numbers = 0, components = 0;
  const auto enter = [&](uint32_t node) {
    number[node] = low[node] = numbers++;
    open.push_back(node);
    path.push_back(node);
  };
  for (uint32_t root = 0; root < n; ++root) {
    if (number[root] != kUnseen) continue;
    enter(root);
    while (!path.empty()) {
      const uint32_t node = path.back();
      const std::span<const uint32_t> successors = Successors(node);
      if (next[node] < successors.size()) {
        const uint32_t target = successors[next[node]++];
        if (number[target] == kUnseen) {
          enter(target);
        } else if (component[target] == kUnseen) {
          low[node] = std::min(low[node], number[target]);
        }
        continue;
      }
      path.pop_back();
      if (!path.empty()) low[path.back()] = std::min(low[path.back()], low[node]);
      if (low[node] != number[node]) continue;
      for (uint32_t member = kUnseen; member != node;) {
        member = open.back();
        open.pop_back();
        component[member] = components;
      }
      ++components;
    }
  }
  return component;
}

std::vector<uint32_t> DirectedGraph::Cycle(uint32_t node) const {
  constexpr uint32_t kUnseen = UINT32_MAX;
  std::vector<uint32_t> parent(node_count(), kUnseen), todo = {node};
  for (size_t i = 0; i < todo.size(); ++i) {
    for (uint32_t target : Successors(todo[i])) {
      if (target == node) {
        std::vector<uint32_t> cycle;
        for (uint32_t at = todo[i]; at != node; at = parent[at]) cycle.push_back(at);
        cycle.push_back(node);
        std::reverse(cycle.begin(), cycle.end());
        return cycle;
      }
      if (parent[target] != kUnseen) continue;
      parent[target] = todo[i];
      todo.push_back(target);
    }
  }
  return {};
}

}  // namespace pano::grammar
