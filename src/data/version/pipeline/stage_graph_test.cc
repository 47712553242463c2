#include "data/version/pipeline/stage_graph.h"

#include <gtest/gtest.h>

#include <string>

namespace pano::pipeline {
namespace {

std::vector<GraphNode> Nodes() {
  return {{"c", {"b.txt", "dir/x"}, {"c.txt"}, false},
          {"a", {"raw"}, {"a.txt"}, false},
          {"b", {"a.txt"}, {"b.txt", "dir"}, false},
          {"raw.dvc", {}, {"raw"}, false}};
}

std::string Names(const StageGraph& graph, const std::vector<size_t>& order) {
  std::string names;
  for (const size_t node : order) names += graph.nodes()[node].name + " ";
  return names;
}

TEST(StageGraph, OrdersBehindWhatIsNeeded) {
  const auto graph = StageGraph::Build(Nodes());
  ASSERT_TRUE(graph.ok()) << graph.error().message();
  EXPECT_EQ(Names(*graph, graph->Order({})), "raw.dvc a b c ");
  EXPECT_EQ(Names(*graph, graph->Order({1})), "raw.dvc a ");
  EXPECT_EQ(Names(*graph, graph->Downstream({1})), "a b c ");
  EXPECT_EQ(graph->Tree(graph->Order({})), "raw.dvc\n└─ a\n   └─ b\n      └─ c\n");
  EXPECT_EQ(graph->Mermaid(graph->Order({1})),
            "flowchart TD\n\tnode1[\"raw.dvc\"]\n\tnode2[\"a\"]\n\tnode1-->node2\n");
  EXPECT_EQ(graph->Dot(graph->Order({1})),
            "strict digraph {\n\"raw.dvc\";\n\"a\";\n\"raw.dvc\" -> \"a\";\n}\n");
}

TEST(StageGraph, FrozenNodesNeedNothing) {
  auto nodes = Nodes();
  nodes[2].frozen = true;
  const auto graph = StageGraph::Build(nodes);
  ASSERT_TRUE(graph.ok());
  EXPECT_EQ(Names(*graph, graph->Order({0})), "b c ");
}

TEST(StageGraph, RefusesCirclesAndOverlaps) {
  const auto failure = [](std::vector<GraphNode> nodes) {
    const auto graph = StageGraph::Build(std::move(nodes));
    EXPECT_FALSE(graph.ok());
    return graph.ok() ? "" : graph.error().message();
  };
  EXPECT_EQ(failure({{"a", {"y"}, {"x"}, false}, {"b", {"x"}, {"y"}, false}}),
            "stages form a circle: a needs b needs a");
  EXPECT_EQ(failure({{"a", {}, {"x"}, false}, {"b", {}, {"x"}, false}}),
            "output 'x' is of a and of b");
  EXPECT_EQ(failure({{"a", {}, {"d"}, false}, {"b", {}, {"d/x"}, false}}),
            "output 'd/x' of b lies in output 'd' of a");
}

TEST(StageGraph, LongChainsAreNoRecursion) {
  std::vector<GraphNode> nodes;
  for (int i = 0; i < 50'000; ++i) {
    nodes.push_back(
        {"s" + std::to_string(i), {"f" + std::to_string(i + 1)}, {"f" + std::to_string(i)}, false});
  }
  const auto graph = StageGraph::Build(std::move(nodes));
  ASSERT_TRUE(graph.ok());
  EXPECT_EQ(graph->Order({0}).front(), 49'999u);
}

}  // namespace
}  // namespace pano::pipeline
