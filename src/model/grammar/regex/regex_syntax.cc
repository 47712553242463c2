#include "model/grammar/regex/regex_syntax.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "base/strings.h"
#include "base/utf8.h"
#include "model/grammar/regex/unicode_sets.h"

namespace pano::grammar {
namespace {

using Kind = RegexSyntax::Kind;
using Node = RegexSyntax::Node;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

Node NodeOf(Kind kind) {
  Node node;
  node.kind = kind;
  return node;
}

int HexValue(char c) {
  if (IsDigit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

struct RangeLess {
  bool operator()(const CharSet& a, const CharSet& b) const {
    return std::lexicographical_compare(
        a.ranges().begin(), a.ranges().end(), b.ranges().begin(), b.ranges().end(),
        [](const CharRange& x, const CharRange& y) {
          return x.first != y.first ? x.first < y.first : x.last < y.last;
        });
  }
};

// Recursive descent over the source; a method for each production. Confined to its caller's thread.
class Parser {
 public:
  Parser(std::string_view source, RegexDialect dialect, const RegexLimits& limits)
      : source_(source), dialect_(dialect), limits_(limits) {}

  Result<RegexSyntax> Run() {
    if (source_.size() > limits_.bytes_max) {
      return Status(StatusCode::kExhausted,
                    StrCat("[regex] ", source_.size(), " bytes, at most ", limits_.bytes_max));
    }
    if (!Utf8Valid(source_)) return InvalidArgument("[regex] not UTF-8");
    PANO_ASSIGN_OR_RETURN(out_.root, Alternatives(0));
    if (!AtEnd()) return Wrong("')' without '('");
    return std::move(out_);
  }

 private:
  struct Flags {
    bool ignore_case = false;
    bool dot_all = false;
  };

  bool AtEnd() const { return at_ >= source_.size(); }
  char Peek() const { return source_[at_]; }
  bool Looking(std::string_view text) const { return source_.substr(at_).starts_with(text); }
  bool Take(std::string_view text) {
    if (!Looking(text)) return false;
    at_ += text.size();
    return true;
  }
  bool python() const { return dialect_ == RegexDialect::kPython; }

  Status Wrong(std::string_view what) const {
    return InvalidArgument(StrCat("[regex] ", what, " (at byte ", at_, ")"));
  }
  Status Unsupported(std::string_view what) const {
    return Unimplemented(StrCat("[regex] ", what, " (at byte ", at_, ") cannot be enforced"))
        .WithReason("unsupported_syntax");
  }

  uint32_t Add(Node node) {
    out_.nodes.push_back(std::move(node));
    return static_cast<uint32_t>(out_.nodes.size() - 1);
  }
  uint32_t AddSet(const CharSet& set) {
    const auto [at, added] = set_ids_.try_emplace(set, static_cast<uint32_t>(out_.sets.size()));
    if (added) out_.sets.push_back(set);
    Node node = NodeOf(Kind::kSet);
    node.set = at->second;
    return Add(std::move(node));
  }
  uint32_t AddChar(char32_t c) {
    const CharSet set = CharSet::Of(c);
    return AddSet(flags_.ignore_case ? CloseOverCase(set) : set);
  }
  uint32_t AddAssertion(Assertion assertion) {
    Node node = NodeOf(Kind::kAssert);
    node.assertion = assertion;
    return Add(std::move(node));
  }

  Result<uint32_t> Alternatives(size_t depth) {
    if (depth > limits_.depth_max) {
      return Status(StatusCode::kExhausted,
                    StrCat("[regex] groups nest deeper than ", limits_.depth_max));
    }
    Node choice = NodeOf(Kind::kAlternate);
    do {
      PANO_ASSIGN_OR_RETURN(const uint32_t branch, Branch(depth));
      choice.children.push_back(branch);
    } while (Take("|"));
    return choice.children.size() == 1 ? choice.children[0] : Add(std::move(choice));
  }

  Result<uint32_t> Branch(size_t depth) {
    Node sequence = NodeOf(Kind::kConcat);
    while (!AtEnd() && Peek() != '|' && Peek() != ')') {
      const size_t begin = at_;
      PANO_ASSIGN_OR_RETURN(const uint32_t atom, Atom(depth));
      PANO_ASSIGN_OR_RETURN(const uint32_t item, Quantified(atom, begin));
      if (out_.nodes[item].kind != Kind::kEmpty) sequence.children.push_back(item);
    }
    if (sequence.children.empty()) return Add({});
    return sequence.children.size() == 1 ? sequence.children[0] : Add(std::move(sequence));
  }

  Result<uint32_t> Quantified(uint32_t atom, size_t begin) {
    Node repeat = NodeOf(Kind::kRepeat);
    PANO_ASSIGN_OR_RETURN(const bool found, Quantifier(repeat));
    if (!found) return atom;
    if (out_.nodes[atom].kind == Kind::kAssert || inline_flags_at_ == begin) {
      return Wrong("nothing to repeat");
    }
    if (Looking("+")) return Unsupported("possessive quantifier");
    Take("?");  // lazy: another match first, the same language
    Node again = NodeOf(Kind::kRepeat);
    const size_t at = at_;
    PANO_ASSIGN_OR_RETURN(const bool twice, Quantifier(again));
    at_ = at;
    if (twice) return Wrong("quantifier behind a quantifier");
    repeat.children.push_back(atom);
    return Add(std::move(repeat));
  }

  // Whether a quantifier stands here; takes it.
  Result<bool> Quantifier(Node& repeat) {
    if (AtEnd()) return false;
    if (Take("*")) {
      repeat.max = std::nullopt;
      return true;
    }
    if (Take("+")) {
      repeat.min = 1;
      return true;
    }
    if (Take("?")) {
      repeat.max = 1;
      return true;
    }
    if (Peek() != '{') return false;
    size_t at = at_ + 1;
    const std::optional<uint32_t> min = Number(at);
    bool comma = false;
    std::optional<uint32_t> max = min;
    if (at < source_.size() && source_[at] == ',') {
      comma = true;
      ++at;
      max = Number(at);
    }
    const bool closed = at < source_.size() && source_[at] == '}';
    if (!closed || (!min && !(comma && max))) return false;  // a literal brace
    if (!min && !python()) return Unsupported("{,n}, which engines read differently,");
    repeat.min = min.value_or(0);
    repeat.max = max;
    if (repeat.min > limits_.count_max || max.value_or(0) > limits_.count_max) {
      return Status(StatusCode::kExhausted,
                    StrCat("[regex] a count above ", limits_.count_max, " (at byte ", at_, ")"));
    }
    if (max && *max < repeat.min) return Wrong("{n,m} with m below n");
    at_ = at + 1;
    return true;
  }

  std::optional<uint32_t> Number(size_t& at) const {
    const size_t begin = at;
    uint64_t value = 0;
    for (; at < source_.size() && IsDigit(source_[at]); ++at) {
      value = std::min<uint64_t>(value * 10 + static_cast<uint64_t>(source_[at] - '0'), 0xffffffff);
    }
    if (at == begin) return std::nullopt;
    return static_cast<uint32_t>(value);
  }

  Result<uint32_t> Atom(size_t depth) {
    switch (Peek()) {
      case '(':
        return Group(depth);
      case '[': {
        ++at_;
        PANO_ASSIGN_OR_RETURN(const CharSet set, Bracket());
        return AddSet(set);
      }
      case '.': {
        ++at_;
        if (flags_.dot_all) return AddSet(CharSet::Any());
        std::vector<CharRange> line_ends = {{'\n', '\n'}};
        if (!python()) line_ends = {{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}};
        return AddSet(CharSet(std::move(line_ends)).Complement());
      }
      case '^':
        ++at_;
        return AddAssertion(Assertion::kTextBegin);
      case '$':
        ++at_;
        return AddAssertion(Assertion::kTextEnd);
      case '*':
      case '+':
      case '?':
        return Wrong("nothing to repeat");
      case '\\':
        return Escape();
      case '{': {
        Node ignored;
        const size_t at = at_;
        PANO_ASSIGN_OR_RETURN(const bool quantifier, Quantifier(ignored));
        at_ = at;
        if (quantifier) return Wrong("nothing to repeat");
        ++at_;
        return AddChar('{');
      }
      default:
        return AddChar(NextChar());
    }
  }

  char32_t NextChar() {
    const std::string_view rest = source_.substr(at_);
    const size_t length = Utf8Length(rest);
    at_ += length;
    return Utf8Decode(rest, length);
  }

  Result<uint32_t> Group(size_t depth) {
    const size_t begin = at_;
    ++at_;
    const Flags outer = flags_;
    if (Take("?")) {
      if (Looking("=") || Looking("!")) return Unsupported("look-ahead");
      if (Looking("<=") || Looking("<!")) return Unsupported("look-behind");
      if (Looking(">")) return Unsupported("atomic group");
      if (Looking("(")) return Unsupported("conditional group");
      if (Looking("P=") || Looking("P>") || Looking("&") || Looking("R")) {
        return Unsupported("back-reference or recursion");
      }
      if (Take("#")) {
        if (!python()) return Wrong("unknown group");
        const size_t end = source_.find(')', at_);
        if (end == std::string_view::npos) return Wrong("comment without an end");
        at_ = end + 1;
        inline_flags_at_ = begin;
        return Add({});
      }
      if (Take("P<") || Take("<")) {
        PANO_RETURN_IF_ERROR(GroupName());
      } else if (!Take(":")) {
        PANO_ASSIGN_OR_RETURN(const bool to_the_end, InlineFlags());
        if (to_the_end) {
          inline_flags_at_ = begin;
          return Add({});
        }
      }
    }
    PANO_ASSIGN_OR_RETURN(const uint32_t inner, Alternatives(depth + 1));
    flags_ = outer;
    if (!Take(")")) return Wrong("'(' without ')'");
    // A group of its own, so that a quantifier behind it takes it whole.
    Node group = NodeOf(Kind::kConcat);
    group.children.push_back(inner);
    return Add(std::move(group));
  }

  Status GroupName() {
    const size_t begin = at_;
    while (!AtEnd() && Peek() != '>') {
      const char c = Peek();
      const bool name = IsDigit(c) ? at_ > begin
                                   : (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
                                         c == '$' || (static_cast<unsigned char>(c) & 0x80) != 0;
      if (!name) return Wrong("a group's name has letters, digits and '_' only");
      ++at_;
    }
    if (at_ == begin || !Take(">")) return Wrong("group without a name");
    return OkStatus();
  }

  // (?i) and (?i:...): whether the flags hold to the end of the group around them.
  Result<bool> InlineFlags() {
    bool on = true, any = false;
    for (; !AtEnd(); ++at_) {
      const char c = Peek();
      if (c == ')' || c == ':') {
        if (!any) return Wrong("unknown group");
        ++at_;
        return c == ')';
      }
      if (c == '-' && on) {
        on = false;
        continue;
      }
      any = true;
      if (c == 'i') {
        flags_.ignore_case = on;
      } else if (c == 's') {
        flags_.dot_all = on;
      } else if (c != 'u') {
        return c == 'm' || c == 'x' || c == 'a' || c == 'L' || c == 'U' || c == 'R'
                   ? Unsupported(StrCat("flag '", c, "'"))
                   : Wrong("unknown group");
      }
    }
    return Wrong("'(' without ')'");
  }

  // A backslash and what it makes, outside brackets.
  Result<uint32_t> Escape() {
    const char next = at_ + 1 < source_.size() ? source_[at_ + 1] : '\0';
    switch (next) {
      case 'b':
        at_ += 2;
        return AddAssertion(Assertion::kWordBoundary);
      case 'B':
        at_ += 2;
        return AddAssertion(Assertion::kNoWordBoundary);
      case 'A':
        if (!python()) break;
        at_ += 2;
        return AddAssertion(Assertion::kTextBegin);
      case 'z':
      case 'Z':
        if (!python()) break;
        at_ += 2;
        return AddAssertion(Assertion::kTextEnd);
      case 'k':
        return Unsupported("back-reference");
      default:
        if (next >= '1' && next <= '9') return Unsupported("back-reference");
    }
    PANO_ASSIGN_OR_RETURN(const Escaped escaped, EscapedChar());
    if (escaped.is_class) return AddSet(escaped.set);
    return AddChar(escaped.character);
  }

  struct Escaped {
    bool is_class = false;
    CharSet set;
    char32_t character = 0;
  };
  static Escaped Class(CharSet set) { return {true, std::move(set), 0}; }
  static Escaped Char(char32_t c) { return {false, {}, c}; }

  // An escape that stands for a character or a class, in brackets or outside.
  Result<Escaped> EscapedChar() {
    ++at_;
    if (AtEnd()) return Wrong("backslash at the end");
    const char c = Peek();
    ++at_;
    switch (c) {
      case 'd':
        return Class(DigitChars());
      case 'D':
        return Class(DigitChars().Complement());
      case 'w':
        return Class(Cased(WordChars()));
      case 'W':
        return Class(Cased(WordChars()).Complement());
      case 's':
        return Class(SpaceChars());
      case 'S':
        return Class(SpaceChars().Complement());
      case 'p':
      case 'P':
        return Property(c == 'P');
      case 't':
        return Char('\t');
      case 'n':
        return Char('\n');
      case 'r':
        return Char('\r');
      case 'f':
        return Char('\f');
      case 'v':
        return Char('\v');
      case 'a':
        if (python()) return Char('\a');
        break;
      case '0':
        if (!AtEnd() && IsDigit(Peek())) return Unsupported("octal escape");
        return Char(0);
      case 'c': {
        const char letter = AtEnd() ? '\0' : Peek();
        const bool is_letter = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z');
        if (!is_letter || python()) return Wrong("unknown escape");
        ++at_;
        return Char(static_cast<char32_t>(letter & 0x1f));
      }
      case 'x':
        return Hex(2);
      case 'u':
        return Hex(4);
      case 'U':
        if (python()) return Hex(8);
        break;
      default:
        break;
    }
    const bool word = IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (word) {
      --at_;
      return Unsupported(StrCat("escape '\\", c, "'"));
    }
    --at_;
    return Char(NextChar());  // punctuation stands for itself
  }

  // Under (?i) the word characters are those that fold to one; ASCII has two such strangers.
  CharSet Cased(const CharSet& set) const { return flags_.ignore_case ? CloseOverCase(set) : set; }

  // \xHH, \uHHHH, \UHHHHHHHH, \u{...}, \x{...}; two \u that are a surrogate pair are one character.
  Result<Escaped> Hex(size_t digits) {
    if (digits != 8 && Take("{")) {
      const size_t end = source_.find('}', at_);
      if (end == std::string_view::npos || end == at_ || end - at_ > 8) return Wrong("bad escape");
      PANO_ASSIGN_OR_RETURN(const char32_t value, HexDigits(end - at_));
      ++at_;
      return Scalar(value);
    }
    PANO_ASSIGN_OR_RETURN(char32_t value, HexDigits(digits));
    if (digits == 4 && value >= 0xd800 && value < 0xdc00 && Take("\\u")) {
      PANO_ASSIGN_OR_RETURN(const char32_t low, HexDigits(4));
      if (low < 0xdc00 || low > 0xdfff) return Wrong("half of a surrogate pair");
      value = 0x10000 + ((value - 0xd800) << 10) + (low - 0xdc00);
    }
    return Scalar(value);
  }

  Result<Escaped> Scalar(char32_t value) {
    if (value > 0x10ffff) return Wrong("a code point above U+10FFFF");
    // Half of a pair matches nothing in well-formed text; as an end of a range it still bounds.
    return Char(value);
  }

  Result<char32_t> HexDigits(size_t digits) {
    uint64_t value = 0;
    for (size_t i = 0; i < digits; ++i, ++at_) {
      const int digit = AtEnd() ? -1 : HexValue(Peek());
      if (digit < 0) return Wrong("bad escape");
      value = value * 16 + static_cast<uint64_t>(digit);
    }
    return static_cast<char32_t>(std::min<uint64_t>(value, 0xffffffff));
  }

  Result<Escaped> Property(bool negated) {
    std::string_view name;
    if (Take("{")) {
      const size_t end = source_.find('}', at_);
      if (end == std::string_view::npos) return Wrong("\\p without '}'");
      name = source_.substr(at_, end - at_);
      at_ = end + 1;
      if (name.starts_with('^')) {
        name.remove_prefix(1);
        negated = !negated;
      }
    } else {
      if (AtEnd() || !python()) return Wrong("\\p without '{'");
      name = source_.substr(at_, 1);
      ++at_;
    }
    std::optional<CharSet> set = UnicodeProperty(name);
    if (!set) return Wrong(StrCat("no Unicode property '", Printable(name), "'"));
    const CharSet cased = Cased(*set);
    return Class(negated ? cased.Complement() : cased);
  }

  // What stands behind '[', to its end.
  Result<CharSet> Bracket() {
    const bool negated = Take("^");
    std::vector<CharRange> ranges;
    bool first = true;
    while (true) {
      if (AtEnd()) return Wrong("'[' without ']'");
      if (Peek() == ']' && !(first && python())) break;
      if (python() && (Looking("&&") || Looking("--") || Looking("~~") || Looking("[:"))) {
        return Unsupported("set operation in brackets");
      }
      first = false;
      PANO_ASSIGN_OR_RETURN(const Escaped low, BracketItem());
      const bool range = Looking("-") && at_ + 1 < source_.size() && source_[at_ + 1] != ']';
      if (!range) {
        Append(ranges, low);
        continue;
      }
      if (python() && Looking("--")) return Unsupported("set operation in brackets");
      ++at_;
      PANO_ASSIGN_OR_RETURN(const Escaped high, BracketItem());
      if (low.is_class || high.is_class) {
        if (python()) return Wrong("a class as the end of a range");
        Append(ranges, low);
        Append(ranges, Char('-'));
        Append(ranges, high);
        continue;
      }
      if (high.character < low.character) return Wrong("a range that ends before it begins");
      ranges.push_back({low.character, high.character});
    }
    ++at_;
    CharSet set(std::move(ranges));
    if (flags_.ignore_case) set = CloseOverCase(set);
    return negated ? set.Complement() : set;
  }

  static void Append(std::vector<CharRange>& ranges, const Escaped& item) {
    if (!item.is_class) {
      ranges.push_back({item.character, item.character});
      return;
    }
    const std::vector<CharRange>& more = item.set.ranges();
    ranges.insert(ranges.end(), more.begin(), more.end());
  }

  Result<Escaped> BracketItem() {
    if (AtEnd()) return Wrong("'[' without ']'");
    if (Peek() != '\\') return Char(NextChar());
    if (Take("\\b")) return Char('\b');
    const char next = at_ + 1 < source_.size() ? source_[at_ + 1] : '\0';
    if (next >= '1' && next <= '9') return Unsupported("octal escape");
    return EscapedChar();
  }

  const std::string_view source_;
  const RegexDialect dialect_;
  const RegexLimits& limits_;
  size_t at_ = 0;
  size_t inline_flags_at_ = std::string_view::npos;  // where the last (?flags) began
  Flags flags_;
  RegexSyntax out_;
  std::map<CharSet, uint32_t, RangeLess> set_ids_;
};

}  // namespace

CharSet DigitChars() { return CharSet({{'0', '9'}}); }

CharSet WordChars() { return CharSet({{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}); }

CharSet SpaceChars() {
  return CharSet({{'\t', '\r'},
                  {' ', ' '},
                  {0xa0, 0xa0},
                  {0x1680, 0x1680},
                  {0x2000, 0x200a},
                  {0x2028, 0x2029},
                  {0x202f, 0x202f},
                  {0x205f, 0x205f},
                  {0x3000, 0x3000},
                  {0xfeff, 0xfeff}});
}

Result<RegexSyntax> ParseRegex(std::string_view source, RegexDialect dialect,
                               const RegexLimits& limits) {
  return Parser(source, dialect, limits).Run();
}

}  // namespace pano::grammar
