#include "model/grammar/rule_analysis.h"

#include <algorithm>
#include <array>
#include <limits>
#include <span>
#include <utility>

#include "base/strings.h"
#include "model/grammar/directed_graph.h"

namespace pano::grammar {
namespace {

using Kind = Expression::Kind;

// A rule of at most so many states is copied to where it is used: a short detour over the stack
// would cost more, and masks then see what follows the rule. The next number is tried where the
// copies would grow beyond kInlinedStatesMax altogether.
constexpr std::array<uint64_t, 3> kInlineStates = {64, 12, 0};
constexpr uint64_t kInlinedStatesMax = 1 << 16;
constexpr uint32_t kInlineDepth = 800;
constexpr uint64_t kHuge = std::numeric_limits<uint64_t>::max() / 4;

Status Invalid(std::string message) {
  return InvalidArgument(StrCat("[grammar] ", message)).WithReason("invalid_grammar");
}

class Analyzer {
 public:
  Analyzer(const ExpressionPool& pool, uint32_t root, const GrammarLimits& limits)
      : pool_(pool), root_(root), limits_(limits) {}

  Result<RuleAnalysis> Run(bool refuse_empty_rules) {
    PANO_RETURN_IF_ERROR(CheckDefined());
    SolveProductive();
    SolveNullable();
    FindReachable();
    PANO_RETURN_IF_ERROR(CheckProductive(refuse_empty_rules));
    PANO_RETURN_IF_ERROR(RankLeftCalls());
    PANO_RETURN_IF_ERROR(ChooseInlined());
    return std::move(out_);
  }

 private:
  std::span<const uint32_t> Children(const Expression& e) const {
    if (e.kind == Kind::kRepeat) return {&e.first, 1};
    if (e.kind != Kind::kSequence && e.kind != Kind::kChoice) return {};
    return {pool_.children.data() + e.first, e.count};
  }
  std::string Name(uint32_t rule) const {
    return StrCat("'", Printable(pool_.rules[rule].name), "'");
  }

  Status CheckDefined() const {
    if (pool_.rules[root_].expression == ExpressionPool::kUndefined) {
      return Invalid(StrCat("undefined rule ", Name(root_)));
    }
    for (const Expression& e : pool_.expressions) {
      if (e.kind == Kind::kReference &&
          pool_.rules[e.first].expression == ExpressionPool::kUndefined) {
        return Invalid(StrCat("undefined rule ", Name(e.first)));
      }
    }
    return OkStatus();
  }

  // The least solution of "true where one child is" (choices, references) and "true where all
  // children are" (sequences), from what is true by itself: Dowling and Gallier's linear algorithm
  // for Horn formulas. Expressions come first, then rules.
  template <typename IsFact>
  std::vector<bool> Solve(IsFact is_fact) const {
    const auto expressions = static_cast<uint32_t>(pool_.expressions.size());
    const auto nodes = static_cast<uint32_t>(expressions + pool_.rules.size());
    std::vector<std::pair<uint32_t, uint32_t>> uses;    // premise -> conclusion, each child once
    std::vector<uint32_t> missing(nodes, 1);
    std::vector<uint32_t> count(nodes + 1, 0);
    const auto each_use = [&](auto use) {
      for (uint32_t i = 0; i < expressions; ++i) {
        const Expression& e = pool_.expressions[i];
        for (uint32_t child : Children(e)) use(child, i);
        if (e.kind == Kind::kReference) use(expressions + e.first, i);
      }
      for (uint32_t r = 0; r < pool_.rules.size(); ++r) {
        const uint32_t body = pool_.rules[r].expression;
        if (body != ExpressionPool::kUndefined) use(body, expressions + r);
      }
    };
    each_use([&](uint32_t premise, uint32_t) { ++count[premise + 1]; });
    for (uint32_t i = 0; i < nodes; ++i) count[i + 1] += count[i];
    std::vector<uint32_t> users(count[nodes]), next(count.begin(), count.end() - 1);
    each_use([&](uint32_t premise, uint32_t user) { users[next[premise]++] = user; });
    std::vector<uint32_t> todo;
    std::vector<bool> value(nodes, false);
    for (uint32_t i = 0; i < expressions; ++i) {
      const Expression& e = pool_.expressions[i];
      if (e.kind == Kind::kSequence) missing[i] = e.count;
      if (!is_fact(e)) continue;
      value[i] = true;
      todo.push_back(i);
    }
    while (!todo.empty()) {
      const uint32_t node = todo.back();
      todo.pop_back();
      for (uint32_t i = count[node]; i < count[node + 1]; ++i) {
        if (value[users[i]] || --missing[users[i]] > 0) continue;
        value[users[i]] = true;
        todo.push_back(users[i]);
      }
    }
    return value;
  }

  void SplitOff(std::vector<bool> all, std::vector<bool>& expressions, std::vector<bool>& rules) {
    const auto middle = all.begin() + static_cast<ptrdiff_t>(pool_.expressions.size());
    rules.assign(middle, all.end());
    all.erase(middle, all.end());
    expressions = std::move(all);
  }

  void SolveProductive() {
    SplitOff(Solve([](const Expression& e) {
               return e.kind == Kind::kEmpty || e.kind == Kind::kLiteral ||
                      e.kind == Kind::kAutomaton || (e.kind == Kind::kRepeat && e.min == 0);
             }),
             out_.productive, out_.rule_productive);
  }

  void SolveNullable() {
    SplitOff(Solve([&](const Expression& e) {
               return e.kind == Kind::kEmpty ||
                      (e.kind == Kind::kAutomaton && pool_.automata[e.first].states[0].accepting) ||
                      (e.kind == Kind::kRepeat && e.min == 0);
             }),
             out_.nullable, out_.rule_nullable);
  }

  // Rules that the root reaches; `through_dead` also through what derives nothing.
  std::vector<bool> Reachable(bool through_dead) const {
    std::vector<bool> rules(pool_.rules.size(), false), seen(pool_.expressions.size(), false);
    std::vector<uint32_t> todo;
    const auto visit_rule = [&](uint32_t rule) {
      if (rules[rule] || (!through_dead && !out_.rule_productive[rule])) return;
      rules[rule] = true;
      todo.push_back(pool_.rules[rule].expression);
    };
    visit_rule(root_);
    while (!todo.empty()) {
      const uint32_t node = todo.back();
      todo.pop_back();
      if (seen[node] || (!through_dead && !out_.productive[node])) continue;
      seen[node] = true;
      const Expression& e = pool_.expressions[node];
      for (uint32_t child : Children(e)) todo.push_back(child);
      if (e.kind == Kind::kReference) visit_rule(e.first);
    }
    return rules;
  }

  void FindReachable() { out_.rule_reachable = Reachable(/*through_dead=*/false); }

  Status CheckProductive(bool refuse_empty_rules) const {
    const std::vector<bool> named = Reachable(/*through_dead=*/true);
    for (uint32_t rule = 0; rule < pool_.rules.size(); ++rule) {
      if (out_.rule_productive[rule] || !named[rule]) continue;
      if (rule != root_ && (!refuse_empty_rules || pool_.rules[rule].block)) continue;
      return Invalid(StrCat("rule ", Name(rule),
                            " derives no text: every alternative needs itself or nothing at all"));
    }
    return OkStatus();
  }

  // The rules that `rule` may call before it has read a byte.
  void AddLeftCalls(uint32_t rule, std::vector<uint32_t>& stamp,
                    std::vector<std::pair<uint32_t, uint32_t>>& edges) const {
    std::vector<uint32_t> todo = {pool_.rules[rule].expression};
    while (!todo.empty()) {
      const uint32_t node = todo.back();
      todo.pop_back();
      if (stamp[node] == rule + 1 || !out_.productive[node]) continue;
      stamp[node] = rule + 1;
      const Expression& e = pool_.expressions[node];
      if (e.kind == Kind::kReference) edges.emplace_back(rule, e.first);
      for (uint32_t child : Children(e)) {
        todo.push_back(child);
        if (e.kind == Kind::kSequence && !out_.nullable[child]) break;
      }
    }
  }

  Status RankLeftCalls() {
    std::vector<std::pair<uint32_t, uint32_t>> edges;
    std::vector<uint32_t> stamp(pool_.expressions.size(), 0);
    for (uint32_t rule = 0; rule < pool_.rules.size(); ++rule) {
      if (out_.rule_reachable[rule]) AddLeftCalls(rule, stamp, edges);
    }
    const auto rules = static_cast<uint32_t>(pool_.rules.size());
    const DirectedGraph graph(rules, std::move(edges));
    const std::vector<uint32_t> component = graph.Components();
    std::vector<uint32_t> members(rules, 0);
    for (uint32_t rule = 0; rule < rules; ++rule) ++members[component[rule]];
    for (uint32_t rule = 0; rule < rules; ++rule) {
      if (members[component[rule]] > 1) return LeftRecursion(graph.Cycle(rule));
      for (uint32_t callee : graph.Successors(rule)) {
        if (callee == rule) return LeftRecursion({rule});
      }
    }
    out_.left_rank.resize(rules);
    for (uint32_t rule = 0; rule < rules; ++rule) out_.left_rank[rule] = rules - component[rule];
    return OkStatus();
  }

  Status LeftRecursion(const std::vector<uint32_t>& cycle) const {
    constexpr size_t kNamesMax = 6;
    std::string path;
    for (size_t i = 0; i < std::min(cycle.size(), kNamesMax); ++i) path += Name(cycle[i]) + " -> ";
    if (cycle.size() > kNamesMax) path += "... -> ";
    return Invalid(StrCat("left recursion: ", path, Name(cycle[0]),
                          " before any text is read; write it as a repetition or with the "
                          "recursion on the right"));
  }

  // How often each rule stands somewhere, counting a place that is copied as two.
  std::vector<uint32_t> CountUses() const {
    const size_t n = pool_.expressions.size();
    std::vector<uint8_t> parents(n, 0);    // 2: several
    std::vector<bool> copied(n, false);
    const auto add_parent = [&](uint32_t node) { parents[node] = static_cast<uint8_t>(std::min(2, parents[node] + 1)); };
    for (const Expression& e : pool_.expressions) {
      for (uint32_t child : Children(e)) add_parent(child);
    }
    for (const ExpressionPool::Rule& rule : pool_.rules) {
      if (rule.expression != ExpressionPool::kUndefined) add_parent(rule.expression);
    }
    std::vector<uint32_t> uses(pool_.rules.size(), 0);
    for (size_t i = n; i-- > 0;) {    // parents stand behind their children
      const Expression& e = pool_.expressions[i];
      const bool copies = copied[i] || parents[i] > 1;
      if (e.kind == Kind::kReference && parents[i] > 0) uses[e.first] += copies ? 2 : 1;
      const bool repeats = e.kind == Kind::kRepeat && (e.min > 0 || e.max > 1);
      for (uint32_t child : Children(e)) {
        if (copies || repeats) copied[child] = true;
      }
    }
    return uses;
  }

  // Rules in an order in which callees come first, and which of them call themselves.
  std::vector<uint32_t> OrderByCalls(std::vector<bool>& recursive) const {
    const auto rules = static_cast<uint32_t>(pool_.rules.size());
    std::vector<std::pair<uint32_t, uint32_t>> edges;
    std::vector<uint32_t> stamp(pool_.expressions.size(), 0), todo;
    for (uint32_t rule = 0; rule < rules; ++rule) {
      if (!out_.rule_reachable[rule]) continue;
      todo.push_back(pool_.rules[rule].expression);
      while (!todo.empty()) {
        const uint32_t node = todo.back();
        todo.pop_back();
        if (stamp[node] == rule + 1 || !out_.productive[node]) continue;
        stamp[node] = rule + 1;
        const Expression& e = pool_.expressions[node];
        if (e.kind == Kind::kReference) edges.emplace_back(rule, e.first);
        for (uint32_t child : Children(e)) todo.push_back(child);
      }
    }
    const DirectedGraph graph(rules, std::move(edges));
    const std::vector<uint32_t> component = graph.Components();
    std::vector<uint32_t> members(rules, 0), order(rules);
    for (uint32_t rule = 0; rule < rules; ++rule) {
      ++members[component[rule]];
      order[rule] = rule;
    }
    std::stable_sort(order.begin(), order.end(),
                     [&](uint32_t a, uint32_t b) { return component[a] < component[b]; });
    recursive.assign(rules, false);
    for (uint32_t rule = 0; rule < rules; ++rule) {
      const auto callees = graph.Successors(rule);
      recursive[rule] = members[component[rule]] > 1 ||
                        std::find(callees.begin(), callees.end(), rule) != callees.end();
    }
    return order;
  }

  struct Extent {
    uint64_t states = 0;   // 0: not known yet
    uint32_t depth = 0;
  };

  // States and depth of an expression with the rules inlined that are chosen so far. Children are
  // measured first, so the recursion is as deep as expressions are.
  Extent Measure(uint32_t node) {
    if (extents_[node].states > 0) return extents_[node];
    const Expression& e = pool_.expressions[node];
    Extent out{1, 1};
    if (!out_.productive[node]) return extents_[node] = out;
    switch (e.kind) {
      case Kind::kLiteral: out.states = std::max<uint64_t>(1, e.count); break;
      case Kind::kAutomaton: out.states = pool_.automata[e.first].states.size(); break;
      case Kind::kReference:
        if (out_.rule_inlined[e.first]) {
          out = {out_.rule_states[e.first], rule_depth_[e.first] + 1};
        }
        break;
      default:
        for (uint32_t child : Children(e)) {
          const Extent part = Measure(child);
          out.states = std::min(kHuge, out.states + part.states);
          out.depth = std::max(out.depth, part.depth + 1);
        }
        if (e.kind == Kind::kRepeat) {
          const uint64_t copies = e.max == Expression::kNoMax ? uint64_t{e.min} + 1 : e.max;
          out.states = out.states > kHuge / copies ? kHuge : out.states * copies;
        }
    }
    return extents_[node] = out;
  }

  // States of all rules that stay, with rules of at most `inline_states` states inlined.
  uint64_t Inline(const std::vector<uint32_t>& order, const std::vector<bool>& recursive,
                  const std::vector<uint32_t>& uses, uint64_t inline_states) {
    const auto rules = static_cast<uint32_t>(pool_.rules.size());
    out_.rule_inlined.assign(rules, false);
    out_.rule_states.assign(rules, 0);
    rule_depth_.assign(rules, 0);
    extents_.assign(pool_.expressions.size(), {});
    uint64_t total = 0;
    for (uint32_t rule : order) {
      if (!out_.rule_reachable[rule]) continue;
      const Extent extent = Measure(pool_.rules[rule].expression);
      out_.rule_states[rule] = extent.states;
      rule_depth_[rule] = extent.depth;
      out_.rule_inlined[rule] = rule != root_ && !recursive[rule] && !pool_.rules[rule].block &&
                                extent.depth <= kInlineDepth &&
                                (uses[rule] <= 1 || extent.states <= inline_states);
      if (!out_.rule_inlined[rule]) total = std::min(kHuge, total + extent.states);
    }
    return total;
  }

  Status ChooseInlined() {
    const std::vector<uint32_t> uses = CountUses();
    std::vector<bool> recursive;
    const std::vector<uint32_t> order = OrderByCalls(recursive);
    uint64_t total = 0;
    for (uint64_t inline_states : kInlineStates) {
      total = Inline(order, recursive, uses, inline_states);
      if (total <= kInlinedStatesMax) break;
    }
    if (total > limits_.states_max) {
      return Status(StatusCode::kExhausted,
                    StrCat("[grammar] too large: more than ", limits_.states_max,
                           " states; make it simpler"))
          .WithReason("grammar_too_large");
    }
    return OkStatus();
  }

  const ExpressionPool& pool_;
  const uint32_t root_;
  const GrammarLimits& limits_;
  RuleAnalysis out_;
  std::vector<Extent> extents_;      // by expression
  std::vector<uint32_t> rule_depth_;
};

}  // namespace

Result<RuleAnalysis> AnalyzeRules(const ExpressionPool& pool, uint32_t root,
                                  const GrammarLimits& limits, bool refuse_empty_rules) {
  return Analyzer(pool, root, limits).Run(refuse_empty_rules);
}

}  // namespace pano::grammar
