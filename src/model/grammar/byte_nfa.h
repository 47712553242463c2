#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "model/grammar/expression.h"
#include "model/grammar/rule_analysis.h"

namespace pano::grammar {

// A rule as a non-deterministic automaton with empty edges (Thompson 1968), from state 0 to state
// 1. A value.
struct ByteNfa {
  struct Edge {
    enum class Kind : uint8_t { kByte, kEmpty, kCall };
    Kind kind = Kind::kEmpty;
    uint8_t first = 0, last = 0;   // kByte
    uint32_t rule = 0;             // kCall
    uint32_t target = 0;
    uint32_t next = 0;             // the state's next edge, kNone at the end
  };
  static constexpr uint32_t kNone = UINT32_MAX;
  static constexpr uint32_t kStart = 0, kEnd = 1;

  std::vector<uint32_t> head;   // by state: its first edge
  std::vector<Edge> edges;

  uint32_t AddState() {
    head.push_back(kNone);
    return static_cast<uint32_t>(head.size() - 1);
  }
  void AddEdge(uint32_t from, Edge edge) {
    edge.next = head[from];
    head[from] = static_cast<uint32_t>(edges.size());
    edges.push_back(edge);
  }
};

// The automaton of `rule`, with what `analysis` says is inlined in its place. What derives nothing
// leaves no edge, so that every state reaches the end. A call of a rule that may be empty has an
// empty edge beside it.
ByteNfa BuildNfa(const ExpressionPool& pool, const RuleAnalysis& analysis, uint32_t rule);

}  // namespace pano::grammar
