#include "model/grammar/gbnf.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "base/utf8.h"
#include "model/grammar/grammar_builder.h"

namespace pano::grammar {
namespace {

// Groups inside each other; an expression each, so the builder's limit is another one.
constexpr int kGroupsMax = 200;

bool IsNameByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

class Parser {
 public:
  Parser(std::string_view text, const GrammarLimits& limits) : text_(text), builder_(limits) {}

  Result<Grammar> Run() {
    if (!Utf8Valid(text_)) return Error(FindIllFormed(), "the grammar is not valid UTF-8");
    SkipSpace(/*newlines=*/true);
    while (at_ < text_.size()) {
      PANO_RETURN_IF_ERROR(ParseRule());
      PANO_RETURN_IF_ERROR(builder_.status());
    }
    for (const auto& [name, rule] : rules_) {
      if (rule.defined) continue;
      return Error(rule.first_use, StrCat("undefined rule '", name, "'"));
    }
    const auto root = rules_.find("root");
    if (root == rules_.end()) return Error(0, "there is no rule 'root', where every text begins");
    return std::move(builder_).Build(root->second.rule, {.refuse_empty_rules = true});
  }

 private:
  using Expr = GrammarBuilder::Expr;
  struct NamedRule {
    GrammarBuilder::Rule rule;
    size_t first_use = 0;
    bool defined = false;
  };

  Status Error(size_t at, std::string_view what,
               std::string_view reason = "invalid_grammar") const {
    const std::string_view before = text_.substr(0, at);
    const size_t line = static_cast<size_t>(std::count(before.begin(), before.end(), '\n')) + 1;
    const size_t begin = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
    return InvalidArgument(StrCat("[gbnf] line ", line, ", column ", at - begin + 1, ": ", what))
        .WithReason(std::string(reason));
  }

  size_t FindIllFormed() const {
    size_t at = 0;
    while (at < text_.size()) {
      const size_t length = Utf8Length(text_.substr(at));
      if (length == 0) return at;
      at += length;
    }
    return at;
  }

  char Peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  bool AtEnd() const { return at_ >= text_.size(); }
  bool AtNewline() const { return Peek() == '\n' || Peek() == '\r'; }

  void SkipSpace(bool newlines) {
    for (; !AtEnd(); ++at_) {
      if (Peek() == '#') {
        while (!AtEnd() && !AtNewline()) ++at_;
        if (AtEnd()) return;
      }
      const bool space = Peek() == ' ' || Peek() == '\t' || (newlines && AtNewline());
      if (!space) return;
    }
  }

  std::string_view ParseName() {
    const size_t begin = at_;
    while (!AtEnd() && IsNameByte(Peek())) ++at_;
    return text_.substr(begin, at_ - begin);
  }

  NamedRule& RuleOf(std::string_view name, size_t use) {
    const auto [found, is_new] = rules_.try_emplace(std::string(name));
    if (is_new) {
      found->second.rule = builder_.DeclareRule(std::string(name));
      found->second.first_use = use;
    }
    return found->second;
  }

  Status ParseRule() {
    const size_t begin = at_;
    const std::string_view name = ParseName();
    if (name.empty()) return Error(at_, StrCat("expected the name of a rule, not '", Here(), "'"));
    SkipSpace(/*newlines=*/false);
    if (text_.substr(at_, 3) != "::=") {
      return Error(at_, StrCat("expected '::=' after the name '", Printable(name), "'"));
    }
    at_ += 3;
    SkipSpace(/*newlines=*/true);
    PANO_ASSIGN_OR_RETURN(const Expr body, ParseAlternatives(0));
    if (!AtEnd() && !AtNewline()) {
      return Error(at_, StrCat("expected a symbol, '|' or the end of the line, not '", Here(), "'"));
    }
    NamedRule& rule = RuleOf(name, begin);
    if (rule.defined) return Error(begin, StrCat("rule '", Printable(name), "' is defined twice"));
    rule.defined = true;
    builder_.DefineRule(rule.rule, body);
    SkipSpace(/*newlines=*/true);
    return OkStatus();
  }

  // The character at hand, for messages.
  std::string Here() const {
    if (AtEnd()) return "end of text";
    const size_t length = Utf8Length(text_.substr(at_));
    return Printable(text_.substr(at_, std::max<size_t>(length, 1)));
  }

  Result<Expr> ParseAlternatives(int depth) {
    if (depth > kGroupsMax) return Error(at_, StrCat("more than ", kGroupsMax, " groups inside each other"));
    std::vector<Expr> alternatives;
    while (true) {
      PANO_ASSIGN_OR_RETURN(const Expr sequence, ParseSequence(depth));
      alternatives.push_back(sequence);
      PANO_RETURN_IF_ERROR(builder_.status());
      if (Peek() != '|') break;
      ++at_;
      SkipSpace(/*newlines=*/true);
    }
    return builder_.Choice(alternatives);
  }

  Result<Expr> ParseSequence(int depth) {
    std::vector<Expr> parts;
    while (!AtEnd()) {
      const size_t begin = at_;
      PANO_ASSIGN_OR_RETURN(const std::optional<Expr> symbol, ParseSymbol(depth));
      if (!symbol) break;
      Expr repeated = *symbol;
      SkipSpace(/*newlines=*/depth > 0);
      while (IsRepeatSign()) {
        PANO_ASSIGN_OR_RETURN(repeated, ParseRepeat(repeated));
        SkipSpace(/*newlines=*/depth > 0);
      }
      parts.push_back(repeated);
      PANO_RETURN_IF_ERROR(builder_.status());
      if (at_ == begin) break;
    }
    return builder_.Sequence(parts);
  }

  bool IsRepeatSign() const {
    return Peek() == '*' || Peek() == '+' || Peek() == '?' || Peek() == '{';
  }

  // Nothing where no symbol begins here.
  Result<std::optional<Expr>> ParseSymbol(int depth) {
    const char c = Peek();
    if (c == '"') return Some(ParseLiteral());
    if (c == '[') return Some(ParseClass());
    if (c == '(') return Some(ParseGroup(depth));
    if (c == '.') {
      ++at_;
      return Some(builder_.AnyChar());
    }
    if (c == '<' || c == '!') {
      return Error(at_, "tokens (<name>, <[id]>, !<name>) are not supported; write their text",
                   "unsupported_keyword");
    }
    if (IsRepeatSign()) {
      return Error(at_, StrCat("there is nothing before '", Here(), "' to repeat"));
    }
    if (!IsNameByte(c) || AtEnd()) return std::optional<Expr>();
    const size_t begin = at_;
    const std::string_view name = ParseName();
    return Some(builder_.Reference(RuleOf(name, begin).rule));
  }

  static Result<std::optional<Expr>> Some(Result<Expr> expr) {
    if (!expr.ok()) return expr.error();
    return std::optional<Expr>(*expr);
  }

  Result<Expr> ParseGroup(int depth) {
    const size_t begin = at_++;
    SkipSpace(/*newlines=*/true);
    PANO_ASSIGN_OR_RETURN(const Expr inside, ParseAlternatives(depth + 1));
    if (Peek() != ')') {
      if (AtEnd()) return Error(begin, "the group '(' is not closed");
      return Error(at_, StrCat("expected ')' of a group, not '", Here(), "'"));
    }
    ++at_;
    return inside;
  }

  Result<Expr> ParseLiteral() {
    const size_t begin = at_++;
    std::string bytes;
    while (Peek() != '"') {
      if (AtEnd()) return Error(begin, "the text '\"' is not closed");
      PANO_ASSIGN_OR_RETURN(const char32_t c, ParseChar());
      Utf8Append(bytes, c);
    }
    ++at_;
    return builder_.Literal(bytes);
  }

  Result<Expr> ParseClass() {
    const size_t begin = at_++;
    const bool negated = Peek() == '^';
    if (negated) ++at_;
    std::vector<CodePointRange> ranges;
    while (Peek() != ']') {
      if (AtEnd()) return Error(begin, "the class '[' is not closed");
      const size_t first_at = at_;
      PANO_ASSIGN_OR_RETURN(const char32_t first, ParseChar());
      char32_t last = first;
      if (Peek() == '-' && Peek(1) != ']' && at_ + 1 < text_.size()) {
        ++at_;
        PANO_ASSIGN_OR_RETURN(last, ParseChar());
        if (last < first) return Error(first_at, "a range of characters ends before it begins");
      }
      ranges.push_back({first, last});
    }
    ++at_;
    if (ranges.empty() && !negated) return Error(begin, "the class [] has no characters");
    return builder_.CharClass(std::move(ranges), negated);
  }

  // One character, or an escape.
  Result<char32_t> ParseChar() {
    if (Peek() != '\\') {
      const size_t length = Utf8Length(text_.substr(at_));
      const char32_t c = Utf8Decode(text_.substr(at_), length);
      at_ += length;
      return c;
    }
    const size_t begin = at_++;
    const char c = Peek();
    ++at_;
    switch (c) {
      case 'n': return U'\n';
      case 'r': return U'\r';
      case 't': return U'\t';
      case '\\': case '"': case '[': case ']': case '-': case '^':
        return static_cast<char32_t>(c);
      case 'x': return ParseHex(begin, 2);
      case 'u': return ParseHex(begin, 4);
      case 'U': return ParseHex(begin, 8);
      default:
        at_ = begin + 1;
        return Error(begin, StrCat("unknown escape '\\", Here(), "'"));
    }
  }

  Result<char32_t> ParseHex(size_t begin, int digits) {
    uint32_t value = 0;
    for (int i = 0; i < digits; ++i, ++at_) {
      const char c = Peek();
      const bool digit = c >= '0' && c <= '9';
      const char lower = static_cast<char>(c | 0x20);
      if (!digit && !(lower >= 'a' && lower <= 'f')) {
        return Error(begin, StrCat("an escape needs ", digits, " hexadecimal digits"));
      }
      value = value << 4 | static_cast<uint32_t>(digit ? c - '0' : lower - 'a' + 10);
    }
    if (value > kCodePointMax || (value >= 0xD800 && value <= 0xDFFF)) {
      return Error(begin, "an escape stands for no Unicode character");
    }
    return value;
  }

  Result<Expr> ParseRepeat(Expr expr) {
    const size_t begin = at_;
    const char sign = Peek();
    ++at_;
    if (sign == '*') return builder_.Repeat(expr, 0, {});
    if (sign == '+') return builder_.Repeat(expr, 1, {});
    if (sign == '?') return builder_.Repeat(expr, 0, 1);
    SkipSpace(/*newlines=*/false);
    PANO_ASSIGN_OR_RETURN(const uint32_t min, ParseCount(begin));
    SkipSpace(/*newlines=*/false);
    std::optional<uint32_t> max = min;
    if (Peek() == ',') {
      ++at_;
      SkipSpace(/*newlines=*/false);
      max.reset();
      if (Peek() != '}') {
        PANO_ASSIGN_OR_RETURN(max, ParseCount(begin));
      }
      SkipSpace(/*newlines=*/false);
    }
    if (Peek() != '}') return Error(begin, "expected {m}, {m,} or {m,n}");
    ++at_;
    if (max && *max < min) {
      return Error(begin, StrCat("{", min, ",", *max, "}: the second number is the smaller one"));
    }
    return builder_.Repeat(expr, min, max);
  }

  Result<uint32_t> ParseCount(size_t begin) {
    uint64_t value = 0;
    const size_t first = at_;
    for (; Peek() >= '0' && Peek() <= '9'; ++at_) {
      value = std::min<uint64_t>(value * 10 + static_cast<uint64_t>(Peek() - '0'), UINT32_MAX - 1);
    }
    if (at_ == first) return Error(begin, "expected {m}, {m,} or {m,n} with numbers");
    return static_cast<uint32_t>(value);
  }

  const std::string_view text_;
  size_t at_ = 0;
  GrammarBuilder builder_;
  std::map<std::string, NamedRule, std::less<>> rules_;
};

}  // namespace

Result<Grammar> ParseGbnf(std::string_view text, const GrammarLimits& limits) {
  if (text.size() > limits.source_bytes_max) {
    return Status(StatusCode::kExhausted, StrCat("[gbnf] too large: ", text.size(), " bytes, at most ",
                                                 limits.source_bytes_max, " are read"))
        .WithReason("grammar_too_large");
  }
  return Parser(text, limits).Run();
}

}  // namespace pano::grammar
