#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/grammar/byte_automaton.h"
#include "model/grammar/code_points.h"
#include "model/grammar/expression.h"
#include "model/grammar/grammar.h"
#include "model/grammar/grammar_limits.h"

namespace pano::grammar {

// Makes a grammar from expressions and rules. Expressions are handles into this builder and may be
// used any number of times; each use is a copy of its language, not of its memory.
//
//   GrammarBuilder b;
//   auto list = b.DeclareRule("list");
//   b.DefineRule(list, b.Sequence({b.Literal("["), b.Repeat(b.Reference(list), 0, {}), b.Literal("]")}));
//   PANO_ASSIGN_OR_RETURN(Grammar grammar, std::move(b).Build(list));
//
// Every call counts against the limits. The first failure is kept in status(); what is added
// afterwards costs nothing, and Build returns it. Confined to one thread.
class GrammarBuilder {
 public:
  struct Expr {
    uint32_t index = 0;
  };
  struct Rule {
    uint32_t index = 0;
  };

  explicit GrammarBuilder(const GrammarLimits& limits = {});

  Expr Empty();                                   // the empty text
  Expr Nothing();                                 // no text at all; alternatives with it fall away
  Expr Literal(std::string_view bytes);           // exactly these bytes
  Expr ByteRange(uint8_t first, uint8_t last);    // one byte
  // One code point of `ranges`, or with `negated` any other one, as UTF-8.
  Expr CharClass(std::vector<CodePointRange> ranges, bool negated = false);
  Expr AnyChar();                                 // any code point
  // The language of `automaton`: for what was intersected or determinised elsewhere.
  Expr Automaton(const ByteAutomaton& automaton);
  Expr Sequence(const std::vector<Expr>& parts);
  Expr Choice(const std::vector<Expr>& alternatives);   // of none: Nothing
  // `min` to `max` times, no `max`: any number from `min`. Large counts become rules that nest, so
  // that {0,100000} takes some hundred copies of `expr` and not 100,000.
  Expr Repeat(Expr expr, uint32_t min, std::optional<uint32_t> max);
  Expr Optional(Expr expr) { return Repeat(expr, 0, 1); }

  // A rule that may be referred to before it is defined. Names are for messages and may repeat.
  Rule DeclareRule(std::string name);
  // InvalidArgument at Build when a rule is defined twice.
  void DefineRule(Rule rule, Expr expr);
  Expr Reference(Rule rule);

  // The first failure so far.
  const Status& status() const { return status_; }
  const GrammarLimits& limits() const { return limits_; }

  struct BuildOptions {
    // Refuse a rule that the root reaches and that derives no text at all ("a ::= a2; a2 ::= "x"
    // a2"); otherwise what needs such a rule falls away as Nothing() does.
    bool refuse_empty_rules = false;
  };
  // InvalidArgument (reason "invalid_grammar") for a rule that is not defined, for left recursion,
  // for a root that derives no text; kExhausted (reason "grammar_too_large") beyond a limit.
  Result<Grammar> Build(Rule root, const BuildOptions& options) &&;
  Result<Grammar> Build(Rule root) && { return std::move(*this).Build(root, BuildOptions{}); }

 private:
  Expr Add(const Expression& expression, uint64_t states, uint32_t depth);
  Expr AddAutomaton(ByteAutomaton trimmed);
  Expr AddList(Expression::Kind kind, const std::vector<Expr>& parts);
  Expr RepeatFlat(Expr expr, uint32_t min, uint32_t max);
  Expr RepeatExactly(Expr expr, uint32_t count);
  Expr RepeatUpTo(Expr expr, uint32_t count);
  Expr Block(Expr expr, uint32_t count);
  bool Flat(Expr expr, uint32_t count) const;
  void Fail(Status status);
  void TooLarge(std::string_view what, uint64_t limit);

  GrammarLimits limits_;
  Status status_;
  ExpressionPool pool_;
  std::vector<uint64_t> states_;   // by expression: how many states it takes, saturating
  std::vector<uint32_t> depth_;    // by expression
  uint64_t literal_bytes_ = 0;
  uint64_t automaton_edges_ = 0;
  std::map<std::vector<std::pair<char32_t, char32_t>>, Expr> classes_;
};

}  // namespace pano::grammar
