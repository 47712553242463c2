#include "model/grammar/grammar_builder.h"

#include <algorithm>
#include <limits>

#include "base/strings.h"
#include "base/utf8.h"
#include "model/grammar/grammar_compiler.h"

namespace pano::grammar {
namespace {

// A count above which a repeat becomes rules, and the size of one rule's repeat.
constexpr uint64_t kFlatStates = 4096;
constexpr uint32_t kBlock = 64;

constexpr uint64_t kHuge = std::numeric_limits<uint64_t>::max() / 4;

uint64_t SaturatingAdd(uint64_t a, uint64_t b) { return std::min(a + b, kHuge); }
uint64_t SaturatingMultiply(uint64_t a, uint64_t b) {
  if (a == 0 || b == 0) return 0;
  return a > kHuge / b ? kHuge : a * b;
}

}  // namespace

GrammarBuilder::GrammarBuilder(const GrammarLimits& limits) : limits_(limits) {
  pool_.expressions.push_back({Expression::Kind::kEmpty, 0, 0, 0, 0});     // Expr{0}
  pool_.expressions.push_back({Expression::Kind::kNothing, 0, 0, 0, 0});   // Expr{1}
  states_ = {1, 1};
  depth_ = {1, 1};
}

void GrammarBuilder::Fail(Status status) {
  if (status_.ok()) status_ = std::move(status);
}

void GrammarBuilder::TooLarge(std::string_view what, uint64_t limit) {
  Fail(Status(StatusCode::kExhausted,
              StrCat("[grammar] too large: more than ", limit, " ", what, "; make it simpler"))
           .WithReason("grammar_too_large"));
}

GrammarBuilder::Expr GrammarBuilder::Add(const Expression& expression, uint64_t states,
                                         uint32_t depth) {
  if (states > limits_.states_max) TooLarge("states", limits_.states_max);
  if (depth > limits_.depth_max) TooLarge("levels of nesting", limits_.depth_max);
  if (pool_.expressions.size() >= limits_.expressions_max) {
    TooLarge("expressions", limits_.expressions_max);
  }
  if (!status_.ok()) return Expr{0};
  pool_.expressions.push_back(expression);
  states_.push_back(states);
  depth_.push_back(depth);
  return Expr{static_cast<uint32_t>(pool_.expressions.size() - 1)};
}

GrammarBuilder::Expr GrammarBuilder::Empty() { return Expr{0}; }
GrammarBuilder::Expr GrammarBuilder::Nothing() { return Expr{1}; }

GrammarBuilder::Expr GrammarBuilder::Literal(std::string_view bytes) {
  if (bytes.empty()) return Empty();
  literal_bytes_ += bytes.size();
  if (literal_bytes_ > limits_.literal_bytes_max) {
    TooLarge("bytes of literals", limits_.literal_bytes_max);
    return Expr{0};
  }
  const auto first = static_cast<uint32_t>(pool_.bytes.size());
  pool_.bytes.append(bytes);
  return Add({Expression::Kind::kLiteral, first, static_cast<uint32_t>(bytes.size()), 0, 0},
             bytes.size(), 1);
}

GrammarBuilder::Expr GrammarBuilder::AddAutomaton(ByteAutomaton trimmed) {
  if (trimmed.states.empty()) return Nothing();
  for (const ByteAutomaton::State& state : trimmed.states) automaton_edges_ += state.edges.size();
  if (automaton_edges_ > limits_.edges_max) TooLarge("edges", limits_.edges_max);
  if (!status_.ok()) return Expr{0};
  const uint64_t states = trimmed.states.size();
  const auto first = static_cast<uint32_t>(pool_.automata.size());
  pool_.automata.push_back(std::move(trimmed));
  return Add({Expression::Kind::kAutomaton, first, 0, 0, 0}, states, 1);
}

GrammarBuilder::Expr GrammarBuilder::ByteRange(uint8_t first, uint8_t last) {
  if (first > last) return Nothing();
  ByteAutomaton automaton;
  automaton.states.resize(2);
  automaton.states[0].edges = {{first, last, 1}};
  automaton.states[1].accepting = true;
  return AddAutomaton(std::move(automaton));
}

GrammarBuilder::Expr GrammarBuilder::CharClass(std::vector<CodePointRange> ranges, bool negated) {
  ranges = negated ? ComplementRanges(std::move(ranges)) : NormalizeRanges(std::move(ranges));
  std::vector<std::pair<char32_t, char32_t>> key;
  for (const CodePointRange& range : ranges) key.emplace_back(range.first, range.last);
  const auto known = classes_.find(key);
  if (known != classes_.end()) return known->second;
  Expr made;
  if (ranges.size() == 1 && ranges[0].first == ranges[0].last) {
    std::string text;
    Utf8Append(text, ranges[0].first);
    made = Literal(text);
  } else {
    made = AddAutomaton(Utf8Automaton(std::move(ranges)));
  }
  if (status_.ok()) classes_.emplace(std::move(key), made);
  return made;
}

GrammarBuilder::Expr GrammarBuilder::AnyChar() { return CharClass({{0, kCodePointMax}}); }

GrammarBuilder::Expr GrammarBuilder::Automaton(const ByteAutomaton& automaton) {
  return AddAutomaton(Trim(automaton));
}

GrammarBuilder::Expr GrammarBuilder::AddList(Expression::Kind kind, const std::vector<Expr>& parts) {
  if (!status_.ok()) return Expr{0};
  if (pool_.children.size() + parts.size() > 4 * limits_.expressions_max) {
    TooLarge("parts of expressions", 4 * limits_.expressions_max);
    return Expr{0};
  }
  const auto first = static_cast<uint32_t>(pool_.children.size());
  uint64_t states = 1;
  uint32_t depth = 0;
  for (Expr part : parts) {
    pool_.children.push_back(part.index);
    states = SaturatingAdd(states, states_[part.index]);
    depth = std::max(depth, depth_[part.index]);
  }
  return Add({kind, first, static_cast<uint32_t>(parts.size()), 0, 0}, states, depth + 1);
}

GrammarBuilder::Expr GrammarBuilder::Sequence(const std::vector<Expr>& parts) {
  if (parts.empty()) return Empty();
  return parts.size() == 1 ? parts[0] : AddList(Expression::Kind::kSequence, parts);
}

GrammarBuilder::Expr GrammarBuilder::Choice(const std::vector<Expr>& alternatives) {
  if (alternatives.empty()) return Nothing();
  return alternatives.size() == 1 ? alternatives[0]
                                  : AddList(Expression::Kind::kChoice, alternatives);
}

// `max` may be kNoMax.
GrammarBuilder::Expr GrammarBuilder::RepeatFlat(Expr expr, uint32_t min, uint32_t max) {
  if (max == 0 || !status_.ok()) return Empty();
  if (min == 1 && max == 1) return expr;
  const uint64_t copies = max == Expression::kNoMax ? uint64_t{min} + 1 : max;
  return Add({Expression::Kind::kRepeat, expr.index, 0, min, max},
             SaturatingAdd(SaturatingMultiply(states_[expr.index], copies), 1),
             depth_[expr.index] + 1);
}

bool GrammarBuilder::Flat(Expr expr, uint32_t count) const {
  return count <= kBlock ||
         SaturatingMultiply(states_[expr.index], count) <= kFlatStates;
}

// A rule that is `expr` `count` times.
GrammarBuilder::Expr GrammarBuilder::Block(Expr expr, uint32_t count) {
  const Rule rule = DeclareRule("(repeat)");
  if (!status_.ok()) return Expr{0};
  pool_.rules[rule.index].block = true;
  DefineRule(rule, RepeatFlat(expr, count, count));
  return Reference(rule);
}

// The digits of `count` to the base kBlock, each as so many copies of a nested block.
GrammarBuilder::Expr GrammarBuilder::RepeatExactly(Expr expr, uint32_t count) {
  std::vector<Expr> parts;
  while (status_.ok() && !Flat(expr, count)) {
    parts.push_back(RepeatFlat(expr, count % kBlock, count % kBlock));
    expr = Block(expr, kBlock);
    count /= kBlock;
  }
  parts.push_back(RepeatFlat(expr, count, count));
  return Sequence(parts);
}

// With n = q * kBlock + r: fewer than q blocks and then less than a block, or q blocks and at most
// r more.
GrammarBuilder::Expr GrammarBuilder::RepeatUpTo(Expr expr, uint32_t count) {
  if (!status_.ok() || Flat(expr, count)) return RepeatFlat(expr, 0, count);
  const Expr block = Block(expr, kBlock);
  const uint32_t blocks = count / kBlock, rest = count % kBlock;
  return Choice({Sequence({RepeatUpTo(block, blocks - 1), RepeatFlat(expr, 0, kBlock - 1)}),
                 Sequence({RepeatExactly(block, blocks), RepeatFlat(expr, 0, rest)})});
}

GrammarBuilder::Expr GrammarBuilder::Repeat(Expr expr, uint32_t min, std::optional<uint32_t> max) {
  if (max && *max < min) {
    Fail(InvalidArgument(StrCat("[grammar] repeat {", min, ",", *max, "}: the second number is ",
                                "smaller than the first"))
             .WithReason("invalid_grammar"));
    return Expr{0};
  }
  if (std::max(min, max.value_or(0)) > limits_.repeat_max) {
    TooLarge("repetitions of one expression", limits_.repeat_max);
    return Expr{0};
  }
  if (!status_.ok()) return Expr{0};
  if (!max) {
    if (Flat(expr, min)) return RepeatFlat(expr, min, Expression::kNoMax);
    return Sequence({RepeatExactly(expr, min), RepeatFlat(expr, 0, Expression::kNoMax)});
  }
  if (Flat(expr, *max)) return RepeatFlat(expr, min, *max);
  return Sequence({RepeatExactly(expr, min), RepeatUpTo(expr, *max - min)});
}

GrammarBuilder::Rule GrammarBuilder::DeclareRule(std::string name) {
  if (pool_.rules.size() >= limits_.rules_max) TooLarge("rules", limits_.rules_max);
  if (!status_.ok()) return Rule{0};
  pool_.rules.push_back({std::move(name), ExpressionPool::kUndefined, false});
  return Rule{static_cast<uint32_t>(pool_.rules.size() - 1)};
}

void GrammarBuilder::DefineRule(Rule rule, Expr expr) {
  if (!status_.ok()) return;
  ExpressionPool::Rule& defined = pool_.rules[rule.index];
  if (defined.expression != ExpressionPool::kUndefined) {
    Fail(InvalidArgument(StrCat("[grammar] rule '", Printable(defined.name), "' is defined twice"))
             .WithReason("invalid_grammar"));
    return;
  }
  defined.expression = expr.index;
}

GrammarBuilder::Expr GrammarBuilder::Reference(Rule rule) {
  return Add({Expression::Kind::kReference, rule.index, 0, 0, 0}, 1, 1);
}

Result<Grammar> GrammarBuilder::Build(Rule root, const BuildOptions& options) && {
  PANO_RETURN_IF_ERROR(status_);
  return CompileGrammar(pool_, root.index, limits_, options.refuse_empty_rules);
}

}  // namespace pano::grammar
