#include "model/template/expression_parser.h"

#include <algorithm>
#include <charconv>

#include "base/strings.h"
#include "base/utf8.h"

namespace pano::jinja {
namespace {

using Kind = Expr::Kind;
using Parsed = ExpressionParser::Parsed;

Operator OperatorOf(std::string_view sign) {
  if (sign == "+") return Operator::kAdd;
  if (sign == "-") return Operator::kSubtract;
  if (sign == "*") return Operator::kMultiply;
  if (sign == "/") return Operator::kDivide;
  if (sign == "//") return Operator::kFloorDivide;
  if (sign == "%") return Operator::kModulo;
  if (sign == "**") return Operator::kPower;
  if (sign == "==") return Operator::kEqual;
  if (sign == "!=") return Operator::kNotEqual;
  if (sign == "<") return Operator::kLess;
  if (sign == "<=") return Operator::kLessEqual;
  if (sign == ">") return Operator::kGreater;
  return Operator::kGreaterEqual;
}

bool IsComparison(const Token& token) {
  if (token.kind != TokenKind::kOperator) return false;
  for (const std::string_view sign : {"==", "!=", "<", "<=", ">", ">="}) {
    if (token.text == sign) return true;
  }
  return false;
}

void AppendScalar(std::string& out, uint32_t code) {
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  Utf8Append(out, surrogate || code > 0x10ffff ? U'\ufffd' : static_cast<char32_t>(code));
}

// Reads up to `digits_max` digits of `base` at *pos; the count read.
size_t ReadDigits(std::string_view text, size_t* pos, size_t digits_max, int base, uint32_t* code) {
  const std::string_view part = text.substr(*pos, digits_max);
  const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), *code, base);
  const size_t count = error == std::errc() ? static_cast<size_t>(end - part.data()) : 0;
  *pos += count;
  return count;
}

// The text of a string literal, escapes as in Python; false for an escape cut short.
bool Unescape(std::string_view text, std::string* out) {
  constexpr std::string_view kNames = "\\'\"abfnrtv";
  constexpr std::string_view kBytes = "\\'\"\a\b\f\n\r\t\v";
  for (size_t i = 0; i < text.size();) {
    if (text[i] != '\\' || i + 1 >= text.size()) {
      *out += text[i++];
      continue;
    }
    const char c = text[i + 1];
    i += 2;
    uint32_t code = 0;
    if (const size_t name = kNames.find(c); name != std::string_view::npos) {
      *out += kBytes[name];
    } else if (c == '\n') {
      continue;
    } else if (c == 'x' || c == 'u' || c == 'U') {
      const size_t wanted = c == 'x' ? 2 : c == 'u' ? 4 : 8;
      if (ReadDigits(text, &i, wanted, 16, &code) != wanted) return false;
      AppendScalar(*out, code);
    } else if (c >= '0' && c <= '7') {
      --i;
      ReadDigits(text, &i, 3, 8, &code);
      AppendScalar(*out, code);
    } else {
      *out += '\\';
      *out += c;
    }
  }
  return true;
}

std::string WithoutUnderscores(std::string_view text) {
  std::string out(text);
  std::erase(out, '_');
  return out;
}

}  // namespace

std::unique_ptr<Expr> ExpressionParser::Make(Expr::Kind kind) const {
  auto node = std::make_unique<Expr>();
  node->kind = kind;
  node->line = state_.current().line;
  return node;
}

Parsed ExpressionParser::Finish(std::unique_ptr<Expr> node) {
  node->depth = 1;
  for (const ExprPtr& operand : node->operands) {
    if (operand) node->depth = std::max(node->depth, operand->depth + 1);
  }
  for (const Argument& argument : node->arguments) {
    node->depth = std::max(node->depth, argument.value->depth + 1);
  }
  // Chains like a.b.c nest without the parser nesting.
  if (node->depth > 2 * state_.depth_max()) return state_.Error("the expression nests too deeply");
  PANO_RETURN_IF_ERROR(state_.CountNode());
  return ExprPtr(std::move(node));
}

Parsed ExpressionParser::Expression(bool conditional) {
  const DepthScope depth(state_);
  PANO_RETURN_IF_ERROR(depth.Check());
  PANO_ASSIGN_OR_RETURN(ExprPtr node, Or());
  while (conditional && state_.AtName("if")) {
    auto out = Make(Kind::kConditional);
    state_.Next();
    out->operands.push_back(std::move(node));
    PANO_ASSIGN_OR_RETURN(ExprPtr condition, Or());
    out->operands.push_back(std::move(condition));
    out->operands.emplace_back();
    if (state_.SkipName("else")) {
      PANO_ASSIGN_OR_RETURN(out->operands.back(), Expression());
    }
    PANO_ASSIGN_OR_RETURN(node, Finish(std::move(out)));
  }
  return node;
}

Parsed ExpressionParser::Or() {
  PANO_ASSIGN_OR_RETURN(ExprPtr first, And());
  if (!state_.AtName("or")) return first;
  auto out = Make(Kind::kOr);
  out->operands.push_back(std::move(first));
  while (state_.SkipName("or")) {
    PANO_ASSIGN_OR_RETURN(ExprPtr next, And());
    out->operands.push_back(std::move(next));
  }
  return Finish(std::move(out));
}

Parsed ExpressionParser::And() {
  PANO_ASSIGN_OR_RETURN(ExprPtr first, Not());
  if (!state_.AtName("and")) return first;
  auto out = Make(Kind::kAnd);
  out->operands.push_back(std::move(first));
  while (state_.SkipName("and")) {
    PANO_ASSIGN_OR_RETURN(ExprPtr next, Not());
    out->operands.push_back(std::move(next));
  }
  return Finish(std::move(out));
}

Parsed ExpressionParser::Not() {
  if (!state_.AtName("not")) return Compare();
  const DepthScope depth(state_);
  PANO_RETURN_IF_ERROR(depth.Check());
  auto out = Make(Kind::kNot);
  state_.Next();
  PANO_ASSIGN_OR_RETURN(ExprPtr operand, Not());
  out->operands.push_back(std::move(operand));
  return Finish(std::move(out));
}

Parsed ExpressionParser::Compare() {
  PANO_ASSIGN_OR_RETURN(ExprPtr first, Sum());
  std::unique_ptr<Expr> out;
  while (true) {
    const bool not_in =
        state_.AtName("not") && ParseState::Is(state_.ahead(), TokenKind::kName, "in");
    if (!not_in && !state_.AtName("in") && !IsComparison(state_.current())) break;
    if (!out) {
      out = Make(Kind::kCompare);
      out->operands.push_back(std::move(first));
    }
    if (not_in) state_.Next();
    const Token sign = state_.Next();
    out->operators.push_back(not_in              ? Operator::kNotIn
                             : sign.text == "in" ? Operator::kIn
                                                 : OperatorOf(sign.text));
    PANO_ASSIGN_OR_RETURN(ExprPtr next, Sum());
    out->operands.push_back(std::move(next));
  }
  return out ? Finish(std::move(out)) : Parsed(std::move(first));
}

Parsed ExpressionParser::Arithmetic(Parsed (ExpressionParser::*next)(),
                                    std::initializer_list<std::string_view> signs) {
  PANO_ASSIGN_OR_RETURN(ExprPtr first, (this->*next)());
  std::unique_ptr<Expr> out;
  while (std::ranges::any_of(signs, [&](auto sign) { return state_.AtOperator(sign); })) {
    if (!out) {
      out = Make(Kind::kArithmetic);
      out->operands.push_back(std::move(first));
    }
    out->operators.push_back(OperatorOf(state_.Next().text));
    PANO_ASSIGN_OR_RETURN(ExprPtr operand, (this->*next)());
    out->operands.push_back(std::move(operand));
  }
  return out ? Finish(std::move(out)) : Parsed(std::move(first));
}

Parsed ExpressionParser::Sum() { return Arithmetic(&ExpressionParser::Concat, {"+", "-"}); }

Parsed ExpressionParser::Concat() {
  PANO_ASSIGN_OR_RETURN(ExprPtr first, Product());
  if (!state_.AtOperator("~")) return first;
  auto out = Make(Kind::kConcat);
  out->operands.push_back(std::move(first));
  while (state_.SkipOperator("~")) {
    PANO_ASSIGN_OR_RETURN(ExprPtr next, Product());
    out->operands.push_back(std::move(next));
  }
  return Finish(std::move(out));
}

Parsed ExpressionParser::Product() {
  return Arithmetic(&ExpressionParser::Power, {"*", "/", "//", "%"});
}

Parsed ExpressionParser::Power() {
  PANO_ASSIGN_OR_RETURN(ExprPtr first, Unary());
  std::unique_ptr<Expr> out;
  while (state_.AtOperator("**")) {
    if (!out) {
      out = Make(Kind::kArithmetic);
      out->operands.push_back(std::move(first));
    }
    state_.Next();
    out->operators.push_back(Operator::kPower);
    PANO_ASSIGN_OR_RETURN(ExprPtr operand, Unary());
    out->operands.push_back(std::move(operand));
  }
  return out ? Finish(std::move(out)) : Parsed(std::move(first));
}

Parsed ExpressionParser::Unary(bool with_filters) {
  ExprPtr node;
  if (state_.AtOperator("-") || state_.AtOperator("+")) {
    const DepthScope depth(state_);
    PANO_RETURN_IF_ERROR(depth.Check());
    auto out = Make(state_.AtOperator("-") ? Kind::kNegate : Kind::kPlus);
    state_.Next();
    PANO_ASSIGN_OR_RETURN(ExprPtr operand, Unary(false));
    out->operands.push_back(std::move(operand));
    PANO_ASSIGN_OR_RETURN(node, Finish(std::move(out)));
  } else {
    PANO_ASSIGN_OR_RETURN(node, Primary());
  }
  PANO_ASSIGN_OR_RETURN(node, Postfix(std::move(node)));
  return with_filters ? Filters(std::move(node)) : Parsed(std::move(node));
}

Parsed ExpressionParser::Primary() {
  switch (state_.current().kind) {
    case TokenKind::kName:
      return Name();
    case TokenKind::kString:
      return StringLiteral();
    case TokenKind::kInteger:
    case TokenKind::kFloat:
      return NumberLiteral();
    default:
      break;
  }
  if (state_.AtOperator("(")) return Parenthesized();
  if (state_.AtOperator("[")) return ListLiteral();
  if (state_.AtOperator("{")) return DictLiteral();
  return state_.Unexpected();
}

Parsed ExpressionParser::Name() {
  auto node = Make(Kind::kConstant);
  const std::string_view name = state_.Next().text;
  if (name == "true" || name == "True") {
    node->value = Value::Bool(true);
  } else if (name == "false" || name == "False") {
    node->value = Value::Bool(false);
  } else if (name == "none" || name == "None") {
    node->value = Value::None();
  } else {
    node->kind = Kind::kName;
    node->name = name;
    node->symbol = state_.Symbol(name);
    for (MacroDefinition* macro : state_.macros) {
      macro->uses_caller |= name == "caller";
      macro->uses_kwargs |= name == "kwargs";
      macro->uses_varargs |= name == "varargs";
    }
  }
  return Finish(std::move(node));
}

Parsed ExpressionParser::StringLiteral() {
  auto node = Make(Kind::kConstant);
  std::string text;
  while (state_.AtKind(TokenKind::kString)) {
    const std::string_view token = state_.Next().text;
    if (!Unescape(token.substr(1, token.size() - 2), &text)) {
      return state_.Error("an escape in a string is cut short");
    }
  }
  node->value = Value::Literal(text);
  return Finish(std::move(node));
}

Parsed ExpressionParser::NumberLiteral() {
  auto node = Make(Kind::kConstant);
  const Token token = state_.Next();
  const std::string digits = WithoutUnderscores(token.text);
  if (token.kind == TokenKind::kFloat) {
    const auto number = ParseDouble(digits);
    if (!number) return state_.Error("a number is out of range");
    node->value = Value::Float(*number);
    return Finish(std::move(node));
  }
  std::string_view text = digits;
  int base = 10;
  if (text.size() > 2 && text[0] == '0' && (text[1] | 0x20) >= 'a') {
    base = (text[1] | 0x20) == 'x' ? 16 : (text[1] | 0x20) == 'o' ? 8 : 2;
    text.remove_prefix(2);
  }
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc() || end != text.data() + text.size()) {
    return state_.Error("an integer is out of range");
  }
  node->value = Value::Int(number);
  return Finish(std::move(node));
}

Parsed ExpressionParser::Parenthesized() {
  auto empty = Make(Kind::kTuple);
  state_.Next();
  if (state_.SkipOperator(")")) return Finish(std::move(empty));
  PANO_ASSIGN_OR_RETURN(ExprPtr node, Tuple());
  PANO_RETURN_IF_ERROR(state_.ExpectOperator(")"));
  return node;
}

Parsed ExpressionParser::ListLiteral() {
  auto node = Make(Kind::kList);
  state_.Next();
  while (!state_.SkipOperator("]")) {
    if (!node->operands.empty()) PANO_RETURN_IF_ERROR(state_.ExpectOperator(","));
    if (state_.SkipOperator("]")) break;
    PANO_ASSIGN_OR_RETURN(ExprPtr item, Expression());
    node->operands.push_back(std::move(item));
  }
  return Finish(std::move(node));
}

Parsed ExpressionParser::DictLiteral() {
  auto node = Make(Kind::kDict);
  state_.Next();
  while (!state_.SkipOperator("}")) {
    if (!node->operands.empty()) PANO_RETURN_IF_ERROR(state_.ExpectOperator(","));
    if (state_.SkipOperator("}")) break;
    PANO_ASSIGN_OR_RETURN(ExprPtr key, Expression());
    PANO_RETURN_IF_ERROR(state_.ExpectOperator(":"));
    PANO_ASSIGN_OR_RETURN(ExprPtr value, Expression());
    node->operands.push_back(std::move(key));
    node->operands.push_back(std::move(value));
  }
  return Finish(std::move(node));
}

bool ExpressionParser::TupleEnds() const {
  return state_.AtKind(TokenKind::kBlockEnd) || state_.AtKind(TokenKind::kVariableEnd) ||
         state_.AtOperator(")") || state_.AtName("in") || state_.AtName("recursive");
}

Parsed ExpressionParser::Tuple(bool conditional) {
  PANO_ASSIGN_OR_RETURN(ExprPtr first, Expression(conditional));
  if (!state_.AtOperator(",")) return first;
  auto node = Make(Kind::kTuple);
  node->operands.push_back(std::move(first));
  while (state_.SkipOperator(",") && !TupleEnds()) {
    PANO_ASSIGN_OR_RETURN(ExprPtr item, Expression(conditional));
    node->operands.push_back(std::move(item));
  }
  return Finish(std::move(node));
}

Parsed ExpressionParser::SingleTarget(bool with_namespace) {
  const DepthScope depth(state_);
  PANO_RETURN_IF_ERROR(depth.Check());
  if (state_.SkipOperator("(")) {
    PANO_ASSIGN_OR_RETURN(ExprPtr inner, Target(false));
    PANO_RETURN_IF_ERROR(state_.ExpectOperator(")"));
    return inner;
  }
  PANO_ASSIGN_OR_RETURN(ExprPtr name, Name());
  if (name->kind != Kind::kName) return state_.Error("a constant cannot be assigned to");
  if (!with_namespace || !state_.AtOperator(".")) return name;
  auto node = Make(Kind::kAttribute);
  state_.Next();
  PANO_ASSIGN_OR_RETURN(node->name, state_.TakeName());
  node->operands.push_back(std::move(name));
  return Finish(std::move(node));
}

Parsed ExpressionParser::Target(bool with_namespace) {
  if (!state_.AtKind(TokenKind::kName) && !state_.AtOperator("(")) return state_.Unexpected();
  PANO_ASSIGN_OR_RETURN(ExprPtr first, SingleTarget(with_namespace));
  if (!state_.AtOperator(",")) return first;
  auto node = Make(Kind::kTuple);
  node->operands.push_back(std::move(first));
  while (state_.SkipOperator(",") && !TupleEnds() && !state_.AtOperator("=")) {
    PANO_ASSIGN_OR_RETURN(ExprPtr next, SingleTarget(with_namespace));
    node->operands.push_back(std::move(next));
  }
  return Finish(std::move(node));
}

Parsed ExpressionParser::BlockFilter() {
  PANO_ASSIGN_OR_RETURN(ExprPtr body, Finish(Make(Kind::kBlockBody)));
  PANO_ASSIGN_OR_RETURN(ExprPtr node, Filter(std::move(body)));
  while (state_.SkipOperator("|")) {
    PANO_ASSIGN_OR_RETURN(node, Filter(std::move(node)));
  }
  return node;
}

Parsed ExpressionParser::Postfix(ExprPtr node) {
  while (true) {
    if (state_.AtOperator(".")) {
      PANO_ASSIGN_OR_RETURN(node, Attribute(std::move(node)));
    } else if (state_.AtOperator("[")) {
      PANO_ASSIGN_OR_RETURN(node, Subscript(std::move(node)));
    } else if (state_.AtOperator("(")) {
      PANO_ASSIGN_OR_RETURN(node, Call(std::move(node)));
    } else {
      return node;
    }
  }
}

Parsed ExpressionParser::Filters(ExprPtr node) {
  while (true) {
    if (state_.SkipOperator("|")) {
      PANO_ASSIGN_OR_RETURN(node, Filter(std::move(node)));
    } else if (state_.SkipName("is")) {
      PANO_ASSIGN_OR_RETURN(node, Test(std::move(node)));
    } else if (state_.AtOperator("(")) {
      PANO_ASSIGN_OR_RETURN(node, Call(std::move(node)));
    } else {
      return node;
    }
  }
}

Result<std::string> ExpressionParser::DottedName() {
  PANO_ASSIGN_OR_RETURN(std::string name, state_.TakeName());
  while (state_.SkipOperator(".")) {
    PANO_ASSIGN_OR_RETURN(const std::string part, state_.TakeName());
    name += "." + part;
  }
  return name;
}

Parsed ExpressionParser::Filter(ExprPtr operand) {
  auto node = Make(Kind::kFilter);
  PANO_ASSIGN_OR_RETURN(node->name, DottedName());
  node->operands.push_back(std::move(operand));
  if (state_.AtOperator("(")) PANO_RETURN_IF_ERROR(Arguments(&node->arguments));
  return Finish(std::move(node));
}

Parsed ExpressionParser::Test(ExprPtr operand) {
  auto node = Make(Kind::kTest);
  node->negated = state_.SkipName("not");
  PANO_ASSIGN_OR_RETURN(node->name, DottedName());
  node->operands.push_back(std::move(operand));
  const TokenKind kind = state_.current().kind;
  if (state_.AtOperator("(")) {
    PANO_RETURN_IF_ERROR(Arguments(&node->arguments));
  } else if ((kind == TokenKind::kName && !state_.AtName("else") && !state_.AtName("or") &&
              !state_.AtName("and") && !state_.AtName("if") && !state_.AtName("in") &&
              !state_.AtName("not") && !state_.AtName("recursive")) ||
             kind == TokenKind::kString || kind == TokenKind::kInteger ||
             kind == TokenKind::kFloat || state_.AtOperator("[") || state_.AtOperator("{")) {
    if (state_.AtName("is")) return state_.Error("tests cannot be chained with `is`");
    PANO_ASSIGN_OR_RETURN(ExprPtr argument, Primary());
    PANO_ASSIGN_OR_RETURN(argument, Postfix(std::move(argument)));
    node->arguments.push_back({Argument::Kind::kPositional, {}, std::move(argument)});
  }
  return Finish(std::move(node));
}

Parsed ExpressionParser::Attribute(ExprPtr operand) {
  auto node = Make(Kind::kAttribute);
  state_.Next();
  node->operands.push_back(std::move(operand));
  if (state_.AtKind(TokenKind::kInteger)) {
    node->kind = Kind::kItem;
    PANO_ASSIGN_OR_RETURN(ExprPtr index, NumberLiteral());
    node->operands.push_back(std::move(index));
    return Finish(std::move(node));
  }
  PANO_ASSIGN_OR_RETURN(node->name, state_.TakeName());
  return Finish(std::move(node));
}

Parsed ExpressionParser::Subscript(ExprPtr operand) {
  const DepthScope depth(state_);
  PANO_RETURN_IF_ERROR(depth.Check());
  auto node = Make(Kind::kItem);
  state_.Next();
  if (state_.AtOperator(":")) return Slice(std::move(operand), nullptr);
  PANO_ASSIGN_OR_RETURN(ExprPtr index, Tuple());
  if (state_.AtOperator(":")) return Slice(std::move(operand), std::move(index));
  PANO_RETURN_IF_ERROR(state_.ExpectOperator("]"));
  node->operands.push_back(std::move(operand));
  node->operands.push_back(std::move(index));
  return Finish(std::move(node));
}

Parsed ExpressionParser::Slice(ExprPtr operand, ExprPtr start) {
  auto node = Make(Kind::kSlice);
  node->operands.push_back(std::move(operand));
  node->operands.push_back(std::move(start));
  while (node->operands.size() < 4) {
    ExprPtr part;
    if (state_.SkipOperator(":") && !state_.AtOperator(":") && !state_.AtOperator("]")) {
      PANO_ASSIGN_OR_RETURN(part, Expression());
    }
    node->operands.push_back(std::move(part));
  }
  PANO_RETURN_IF_ERROR(state_.ExpectOperator("]"));
  return Finish(std::move(node));
}

Parsed ExpressionParser::Call(ExprPtr operand) {
  auto node = Make(Kind::kCall);
  node->operands.push_back(std::move(operand));
  PANO_RETURN_IF_ERROR(Arguments(&node->arguments));
  return Finish(std::move(node));
}

Status ExpressionParser::Arguments(std::vector<Argument>* out) {
  PANO_RETURN_IF_ERROR(state_.ExpectOperator("("));
  bool keywords = false;
  while (!state_.SkipOperator(")")) {
    if (!out->empty()) {
      PANO_RETURN_IF_ERROR(state_.ExpectOperator(","));
      if (state_.SkipOperator(")")) break;
    }
    Argument argument;
    if (state_.SkipOperator("**")) {
      argument.kind = Argument::Kind::kStarStar;
    } else if (state_.SkipOperator("*")) {
      argument.kind = Argument::Kind::kStar;
    } else if (state_.AtKind(TokenKind::kName) &&
               ParseState::Is(state_.ahead(), TokenKind::kOperator, "=")) {
      argument.kind = Argument::Kind::kKeyword;
      argument.keyword = state_.Next().text;
      state_.Next();
    }
    const bool keyword =
        argument.kind == Argument::Kind::kKeyword || argument.kind == Argument::Kind::kStarStar;
    if (keywords && !keyword) return state_.Error("invalid syntax for function call expression");
    keywords = keywords || keyword;
    auto value = Expression();
    if (!value.ok()) return value.error();
    argument.value = std::move(value).value();
    out->push_back(std::move(argument));
  }
  return OkStatus();
}

}  // namespace pano::jinja
