#include "model/grammar/grammar_compiler.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "model/grammar/byte_nfa.h"
#include "model/grammar/pushdown_automaton.h"
#include "model/grammar/rule_analysis.h"
#include "model/grammar/rule_automaton.h"

namespace pano::grammar {
namespace {

// How much more than the non-deterministic automaton the deterministic one may be before the rule
// keeps the former; the matcher follows all its paths. Visits of states beyond a few for each edge
// come from one account for all rules.
constexpr size_t kStatesFactor = 8, kStatesExtra = 4096;
constexpr size_t kWorkFactor = 8, kWorkShared = 16 << 20;

Status TooLarge(std::string_view what, size_t limit) {
  return Status(StatusCode::kExhausted,
                StrCat("[grammar] too large: more than ", limit, " ", what, "; make it simpler"))
      .WithReason("grammar_too_large");
}

Result<RuleAutomaton> CompileRule(const ExpressionPool& pool, const RuleAnalysis& analysis,
                                  uint32_t rule, const GrammarLimits& limits, size_t& work_left) {
  const ByteNfa nfa = BuildNfa(pool, analysis, rule);
  if (nfa.edges.size() > limits.edges_max) return TooLarge("edges", limits.edges_max);
  const size_t own_work = kWorkFactor * nfa.edges.size() + 64;
  size_t work = 0;
  const size_t states_max =
      std::min(kStatesFactor * nfa.head.size() + kStatesExtra, limits.states_max);
  const std::optional<RuleAutomaton> deterministic =
      Determinize(nfa, states_max, own_work + work_left, work);
  work_left -= std::min(work_left, work - std::min(work, own_work));
  if (deterministic) return MergeSuffixes(*deterministic);
  std::optional<RuleAutomaton> other = RemoveEmptyEdges(nfa, limits.edges_max);
  if (!other) return TooLarge("edges", limits.edges_max);
  return *std::move(other);
}

// Appends a rule's states behind the others. Calls keep the pool's numbers of rules.
uint32_t Append(PushdownAutomaton& to, const RuleAutomaton& rule) {
  const auto offset = static_cast<uint32_t>(to.states.size());
  const auto edges = static_cast<uint32_t>(to.edges.size());
  const auto calls = static_cast<uint32_t>(to.calls.size());
  for (uint32_t i = 0; i < rule.state_count(); ++i) {
    PushdownAutomaton::State state = rule.states[i];
    state.plain = state.deterministic && !state.final && rule.CallsOf(i).empty();
    state.edge_begin += edges;
    state.call_begin += calls;
    to.states.push_back(state);
  }
  for (PushdownAutomaton::ByteEdge edge : rule.edges) {
    edge.target += offset;
    to.edges.push_back(edge);
  }
  for (PushdownAutomaton::CallEdge call : rule.calls) {
    const bool ends = rule.states[call.target].final && rule.EdgesOf(call.target).empty() &&
                      rule.CallsOf(call.target).empty();
    call.target = ends ? PushdownAutomaton::CallEdge::kTail : call.target + offset;
    to.calls.push_back(call);
  }
  return offset;
}

}  // namespace

Result<Grammar> CompileGrammar(const ExpressionPool& pool, uint32_t root,
                               const GrammarLimits& limits, bool refuse_empty_rules) {
  PANO_ASSIGN_OR_RETURN(const RuleAnalysis analysis,
                        AnalyzeRules(pool, root, limits, refuse_empty_rules));
  auto out = std::make_shared<PushdownAutomaton>();
  std::vector<uint32_t> number(pool.rules.size(), 0);
  size_t work_left = kWorkShared;
  for (uint32_t rule = 0; rule < pool.rules.size(); ++rule) {
    if (!analysis.rule_reachable[rule] || analysis.rule_inlined[rule]) continue;
    PANO_ASSIGN_OR_RETURN(const RuleAutomaton automaton,
                          CompileRule(pool, analysis, rule, limits, work_left));
    number[rule] = static_cast<uint32_t>(out->rules.size());
    out->rules.push_back({Append(*out, automaton), analysis.left_rank[rule]});
    if (out->states.size() > limits.states_max) return TooLarge("states", limits.states_max);
    if (out->edges.size() + out->calls.size() > limits.edges_max) {
      return TooLarge("edges", limits.edges_max);
    }
  }
  out->states.push_back({static_cast<uint32_t>(out->edges.size()),
                         static_cast<uint32_t>(out->calls.size()), false, true});
  for (PushdownAutomaton::CallEdge& call : out->calls) call.rule = number[call.rule];
  out->root = number[root];
  out->states.shrink_to_fit();
  out->edges.shrink_to_fit();
  out->calls.shrink_to_fit();
  return Grammar(std::move(out));
}

}  // namespace pano::grammar
