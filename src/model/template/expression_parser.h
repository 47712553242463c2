#pragma once

#include "model/template/parser.h"

namespace pano::jinja {

// Parses expressions from where the state stands. Confined to one parse.
class ExpressionParser {
 public:
  explicit ExpressionParser(ParseState& state) : state_(state) {}

  using Parsed = Result<ExprPtr>;

  // One expression; without `conditional` an `if` behind it is left alone.
  Parsed Expression(bool conditional = true);
  // One expression, or several with commas between them as a tuple.
  Parsed Tuple(bool conditional = true);
  // What is assigned to: names, tuples of them, and `ns.name` where allowed.
  Parsed Target(bool with_namespace);
  // `name(arguments) | name ...` over the body of a block.
  Parsed BlockFilter();
  Parsed Unary(bool with_filters = true);

 private:
  Parsed Or();
  Parsed And();
  Parsed Not();
  Parsed Compare();
  Parsed Sum();
  Parsed Concat();
  Parsed Product();
  Parsed Power();
  Parsed Arithmetic(Parsed (ExpressionParser::*next)(),
                    std::initializer_list<std::string_view> signs);
  Parsed Primary();
  Parsed Parenthesized();
  Parsed ListLiteral();
  Parsed DictLiteral();
  Parsed StringLiteral();
  Parsed NumberLiteral();
  Parsed Name();
  Parsed SingleTarget(bool with_namespace);
  Parsed Postfix(ExprPtr node);
  Parsed Filters(ExprPtr node);
  Parsed Filter(ExprPtr node);
  Parsed Test(ExprPtr node);
  Parsed Attribute(ExprPtr node);
  Parsed Subscript(ExprPtr node);
  Parsed Slice(ExprPtr node, ExprPtr start);
  Parsed Call(ExprPtr node);
  Status Arguments(std::vector<Argument>* out);
  Result<std::string> DottedName();
  bool TupleEnds() const;
  // Sets the depth, checks it and counts the node.
  Parsed Finish(std::unique_ptr<Expr> node);
  std::unique_ptr<Expr> Make(Expr::Kind kind) const;

  ParseState& state_;
};

}  // namespace pano::jinja
