#include "model/grammar/directed_graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"

namespace pano::grammar {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(DirectedGraph, CyclesAreFoundAndNamedFromTheirStart) {
  const DirectedGraph graph(5, {{0, 1}, {1, 2}, {2, 0}, {2, 3}, {3, 3}, {4, 0}});
  EXPECT_THAT(graph.Cycle(1), ElementsAre(1, 2, 0));
  EXPECT_THAT(graph.Cycle(3), ElementsAre(3));
  EXPECT_THAT(graph.Cycle(4), IsEmpty());
}

TEST(DirectedGraph, AChainOfAMillionNeedsNoRecursion) {
  constexpr uint32_t kNodes = 1000000;
  std::vector<std::pair<uint32_t, uint32_t>> edges;
  for (uint32_t i = 0; i + 1 < kNodes; ++i) edges.emplace_back(i, i + 1);
  const std::vector<uint32_t> component = DirectedGraph(kNodes, edges).Components();
  EXPECT_EQ(component[kNodes - 1], 0u);
  EXPECT_EQ(component[0], kNodes - 1);
}

// Two nodes are in one component if and only if each reaches the other.
TEST(DirectedGraph, ComponentsAreMutualReach) {
  Random random(5);
  for (int round = 0; round < 200; ++round) {
    const auto n = static_cast<uint32_t>(1 + random.Below(12));
    std::vector<std::pair<uint32_t, uint32_t>> edges;
    for (uint64_t i = random.Below(24); i > 0; --i) {
      edges.emplace_back(static_cast<uint32_t>(random.Below(n)), static_cast<uint32_t>(random.Below(n)));
    }
    std::vector<std::vector<bool>> reach(n, std::vector<bool>(n, false));
    for (uint32_t i = 0; i < n; ++i) reach[i][i] = true;
    for (const auto& [from, to] : edges) reach[from][to] = true;
    for (uint32_t k = 0; k < n; ++k) {
      for (uint32_t i = 0; i < n; ++i) {
        for (uint32_t j = 0; j < n; ++j) reach[i][j] = reach[i][j] || (reach[i][k] && reach[k][j]);
      }
    }
    const std::vector<uint32_t> component = DirectedGraph(n, edges).Components();
    for (uint32_t i = 0; i < n; ++i) {
      for (uint32_t j = 0; j < n; ++j) {
        ASSERT_EQ(component[i] == component[j], reach[i][j] && reach[j][i]);
        if (reach[i][j]) {
          ASSERT_GE(component[i], component[j]);
        }
      }
    }
  }
}

}  // namespace
}  // namespace pano::grammar
