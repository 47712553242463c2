#include "model/tokenizer/text/regex_syntax.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "base/utf8.h"

namespace pano::tokenizer {
namespace {

// Everything but kSpaceClass, for \S inside a class.
constexpr std::string_view kNonSpaceClass =
    "\\x{0}-\\x{8}\\x{e}-\\x{1f}!-\\x{84}\\x{86}-\\x{9f}\\x{a1}-\\x{167f}\\x{1681}-\\x{1fff}"
    "\\x{200b}-\\x{2027}\\x{202a}-\\x{202e}\\x{2030}-\\x{205e}\\x{2060}-\\x{2fff}\\x{3001}-\\x{10ffff}";

constexpr size_t kNestingMax = 50;

constexpr int64_t kUnbounded = INT64_MAX;

// Long names of general categories, lower case without '_', and PCRE2's short ones.
constexpr std::array<std::pair<std::string_view, std::string_view>, 38> kCategories = {{
    {"letter", "L"}, {"uppercaseletter", "Lu"}, {"lowercaseletter", "Ll"}, {"titlecaseletter", "Lt"},
    {"modifierletter", "Lm"}, {"otherletter", "Lo"}, {"mark", "M"}, {"nonspacingmark", "Mn"},
    {"spacingmark", "Mc"}, {"enclosingmark", "Me"}, {"number", "N"}, {"decimalnumber", "Nd"},
    {"letternumber", "Nl"}, {"othernumber", "No"}, {"punctuation", "P"},
    {"connectorpunctuation", "Pc"}, {"dashpunctuation", "Pd"}, {"openpunctuation", "Ps"},
    {"closepunctuation", "Pe"}, {"initialpunctuation", "Pi"}, {"finalpunctuation", "Pf"},
    {"otherpunctuation", "Po"}, {"symbol", "S"}, {"mathsymbol", "Sm"}, {"currencysymbol", "Sc"},
    {"modifiersymbol", "Sk"}, {"othersymbol", "So"}, {"separator", "Z"}, {"spaceseparator", "Zs"},
    {"lineseparator", "Zl"}, {"paragraphseparator", "Zp"}, {"other", "C"}, {"control", "Cc"},
    {"format", "Cf"}, {"surrogate", "Cs"}, {"privateuse", "Co"}, {"unassigned", "Cn"}, {"any", "Any"},
}};

// Binary properties that both sides know under the same name.
constexpr std::array<std::string_view, 7> kBinary = {
    "alphabetic", "lowercase", "uppercase", "whitespace", "emoji", "ideographic", "dash"};

void AppendCodePoint(std::string& out, char32_t c) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string digits;
  do {
    digits.insert(digits.begin(), kHex[c & 15]);
    c >>= 4;
  } while (c != 0);
  out += StrCat("\\x{", digits, "}");
}

class Translator {
 public:
  Translator(std::string_view pattern, RegexDialect dialect) : in_(pattern), dialect_(dialect) {}

  Result<std::string> Run() {
    while (pos_ < in_.size()) PANO_RETURN_IF_ERROR(Next());
    if (!groups_.empty()) return Bad("a group that is never closed");
    return std::move(out_);
  }

 private:
  // What a class holds at one place: one character, or a set as PCRE2 class text.
  struct ClassItem {
    std::optional<char32_t> character;
    std::string set;
  };

  Status Bad(std::string_view what) const {
    return Unimplemented(StrCat("regex '", Printable(in_), "': ", what, " is not supported"));
  }
  bool At(char c) const { return pos_ < in_.size() && in_[pos_] == c; }
  bool Starts(std::string_view text) const { return in_.substr(pos_).starts_with(text); }

  Status Next() {
    const char c = in_[pos_];
    switch (c) {
      case '\\': return Escape();
      case '[': {
        atom_ = out_.size();
        std::string inside;
        bool negated = false;
        PANO_RETURN_IF_ERROR(Class(inside, negated, 0));
        out_ += StrCat(negated ? "[^" : "[", inside, "]");
        return {};
      }
      case '(': return OpenGroup();
      case ')':
        if (groups_.empty()) return Bad("')' without '('");
        atom_ = groups_.back();
        groups_.pop_back();
        break;
      case '*': case '+': case '?':
        out_ += c;
        ++pos_;
        if (At('?') || At('+')) out_ += in_[pos_++];
        CountRepetition(0, c == '?' ? 1 : kUnbounded);
        return {};
      case '{': return Interval();
      case '^': case '$':
        if (dialect_ == RegexDialect::kRuby) break;
        out_ += c == '^' ? "\\A" : "\\z";
        ++pos_;
        return {};
      case '|': break;
      case ']': case '}': case '#':
        atom_ = out_.size();
        out_ += '\\';
        break;
      default: {
        atom_ = out_.size();
        const size_t length = Utf8Length(in_.substr(pos_));
        if (length == 0) return Bad("ill-formed UTF-8");
        out_.append(in_.substr(pos_, length));
        pos_ += length;
        return {};
      }
    }
    out_ += c;
    ++pos_;
    return {};
  }

  Status OpenGroup() {
    if (groups_.size() >= kNestingMax) return Bad("nesting this deep");
    groups_.push_back(out_.size());
    for (std::string_view open : {"(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>", "(?i:", "(?-i:"}) {
      if (!Starts(open)) continue;
      out_ += open;
      pos_ += open.size();
      return {};
    }
    if (Starts("(?i)")) {  // lasts to the end of the enclosing group on both sides
      groups_.pop_back();
      out_ += "(?i)";
      pos_ += 4;
      return {};
    }
    if (Starts("(?") || Starts("(*")) return Bad(StrCat("'", Printable(in_.substr(pos_, 3)), "'"));
    out_ += "(?:";  // groups need not capture
    ++pos_;
    return {};
  }

  // {n}, {n,}, {,m}, {n,m}. Ruby reads `{n,m}+` as a repeated interval and `{n}?` as an optional one.
  Status Interval() {
    const size_t close = in_.find('}', pos_);
    const std::string_view inside =
        close == std::string_view::npos ? "" : in_.substr(pos_ + 1, close - pos_ - 1);
    const std::vector<std::string_view> bounds = Split(inside, ',');
    bool valid = !inside.empty() && inside != "," && bounds.size() <= 2;
    for (std::string_view bound : bounds) {
      valid = valid && bound.size() <= 5 &&
              std::all_of(bound.begin(), bound.end(), [](char d) { return d >= '0' && d <= '9'; });
    }
    if (!valid) {
      atom_ = out_.size();
      out_ += "\\{";
      ++pos_;
      return {};
    }
    const std::string low = bounds[0].empty() ? "0" : StrCat(bounds[0]);
    out_ += bounds.size() == 1 ? StrCat("{", low, "}") : StrCat("{", low, ",", bounds[1], "}");
    pos_ = close + 1;
    if (dialect_ == RegexDialect::kRust && (At('+') || At('?'))) {
      out_ += in_[pos_++];
    } else if (At('+') || (At('?') && bounds.size() == 1)) {
      out_.insert(atom_, "(?:");
      out_ += StrCat(")", in_[pos_++]);
    } else if (At('?')) {
      out_ += in_[pos_++];
    }
    const int64_t least = ParseInt(low).value_or(0);
    const bool open_end = bounds.size() == 2 && bounds[1].empty();
    CountRepetition(least, open_end ? kUnbounded : ParseInt(bounds.back()).value_or(least));
    return {};
  }

  // Count points around the repetition that was read last: behind it for each time that it is passed,
  // before it so that the bytes it runs over are known. Many repetitions may fail before they pass.
  void CountRepetition(int64_t least, int64_t most) {
    constexpr int64_t kNumberMax = 255;
    out_ += StrCat("(?C", kRegexRepetitionEnds, ")");
    if (most < kRegexBytesPerStep) return;
    const int64_t number = std::min(kRegexRepetitionBegins + least / kRegexBytesPerStep, kNumberMax);
    out_.insert(atom_, StrCat("(?C", number, ")"));
  }

  Status Escape() {
    atom_ = out_.size();
    if (pos_ + 1 >= in_.size()) return Bad("a trailing '\\'");
    switch (in_[pos_ + 1]) {
      case 'A': case 'z': case 'Z':
        out_.append(in_.substr(pos_, 2));
        pos_ += 2;
        return {};
      case 'b': case 'B': {
        const std::string word = StrCat("[", kWordClass, "]");
        out_ += in_[pos_ + 1] == 'b'
                    ? StrCat("(?:(?<=", word, ")(?!", word, ")|(?<!", word, ")(?=", word, "))")
                    : StrCat("(?:(?<=", word, ")(?=", word, ")|(?<!", word, ")(?!", word, "))");
        pos_ += 2;
        return {};
      }
      case 'W':
        out_ += StrCat("[^", kWordClass, "]");
        pos_ += 2;
        return {};
      default: break;
    }
    ClassItem item;
    PANO_RETURN_IF_ERROR(EscapedItem(item));
    if (item.character) {
      AppendCodePoint(out_, *item.character);
    } else {
      out_ += StrCat("[", item.set, "]");
    }
    return {};
  }

  // An escape that may stand inside a class as well as outside.
  Status EscapedItem(ClassItem& item) {
    if (pos_ + 1 >= in_.size()) return Bad("a trailing '\\'");
    const char c = in_[pos_ + 1];
    switch (c) {
      case 's': item.set = kSpaceClass; break;
      case 'S': item.set = kNonSpaceClass; break;
      case 'd': item.set = "\\p{Nd}"; break;
      case 'D': item.set = "\\P{Nd}"; break;
      case 'w': item.set = kWordClass; break;
      case 'h': item.set = "0-9a-fA-F"; break;
      case 'p': case 'P': return Property(item);
      case 'u': case 'x': return Hex(item);
      case 't': item.character = '\t'; break;
      case 'n': item.character = '\n'; break;
      case 'v': item.character = '\v'; break;
      case 'f': item.character = '\f'; break;
      case 'r': item.character = '\r'; break;
      case 'a': item.character = '\a'; break;
      case 'e': item.character = 0x1b; break;
      default: {
        const size_t length = Utf8Length(in_.substr(pos_ + 1));
        const bool alphanumeric = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                                  (c >= 'A' && c <= 'Z');
        if (length == 0 || alphanumeric) return Bad(StrCat("'\\", Printable({&c, 1}), "'"));
        item.character = Utf8Decode(in_.substr(pos_ + 1), length);
        pos_ += 1 + length;
        return {};
      }
    }
    pos_ += 2;
    return {};
  }

  Status Hex(ClassItem& item) {
    const bool four = in_[pos_ + 1] == 'u';
    size_t begin = pos_ + 2;
    size_t end = begin;
    const bool braces = !four && begin < in_.size() && in_[begin] == '{';
    if (braces) end = ++begin;
    const size_t digits_max = braces ? 6 : (four ? 4 : 2);
    uint32_t code = 0;
    for (; end < in_.size() && end - begin < digits_max; ++end) {
      const char d = in_[end];
      uint32_t digit = 0;
      if (d >= '0' && d <= '9') digit = static_cast<uint32_t>(d - '0');
      else if (d >= 'a' && d <= 'f') digit = static_cast<uint32_t>(d - 'a') + 10;
      else if (d >= 'A' && d <= 'F') digit = static_cast<uint32_t>(d - 'A') + 10;
      else break;
      code = code * 16 + digit;
    }
    const bool closed = !braces || (end < in_.size() && in_[end] == '}');
    const bool scalar = code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
    // "\xHH" from 80 on is a raw byte there, not a character.
    const bool raw_byte = !four && !braces && code >= 0x80;
    if (end == begin || (four && end - begin != 4) || !closed || !scalar || raw_byte) {
      return Bad("this kind of hexadecimal escape");
    }
    item.character = static_cast<char32_t>(code);
    pos_ = end + (braces ? 1 : 0);
    return {};
  }

  Status Property(ClassItem& item) {
    bool negated = in_[pos_ + 1] == 'P';
    const size_t close = in_.find('}', pos_);
    if (pos_ + 2 >= in_.size() || in_[pos_ + 2] != '{' || close == std::string_view::npos) {
      return Bad("\\p without braces");
    }
    std::string_view name = in_.substr(pos_ + 3, close - pos_ - 3);
    if (name.starts_with('^')) {
      negated = !negated;
      name.remove_prefix(1);
    }
    std::string key;
    for (char c : ToLower(name)) {
      if (c != '_' && c != ' ' && c != '-') key += c;
    }
    const bool plain = !key.empty() && std::all_of(key.begin(), key.end(),
                                                   [](char c) { return c >= 'a' && c <= 'z'; });
    if (!plain) return Bad(StrCat("the property '", Printable(name), "'"));
    std::string known;
    const auto* category = std::find_if(kCategories.begin(), kCategories.end(),
                                        [&](const auto& entry) { return entry.first == key; });
    if (category != kCategories.end()) {
      known = category->second;
    } else if (key.size() <= 2) {
      known = key;
      known[0] = static_cast<char>(known[0] - 'a' + 'A');
    } else if (std::find(kBinary.begin(), kBinary.end(), key) != kBinary.end()) {
      known = key;
    } else {
      known = StrCat("sc:", key);  // without "sc:" PCRE2 would take the script's extensions too
    }
    item.set = StrCat(negated ? "\\P{" : "\\p{", known, "}");
    pos_ = close + 1;
    return {};
  }

  // From '[' to its ']'. A class nested in it is part of the union.
  Status Class(std::string& inside, bool& negated, size_t depth) {
    if (depth >= kNestingMax) return Bad("nesting this deep");
    ++pos_;
    negated = At('^');
    if (negated) ++pos_;
    if (At(']')) return Bad("an empty class");
    while (!At(']')) {
      if (pos_ >= in_.size()) return Bad("a class that is never closed");
      if (Starts("&&") || Starts("[:")) return Bad(StrCat("'", in_.substr(pos_, 2), "' in a class"));
      if (At('[')) {
        bool inner_negated = false;
        PANO_RETURN_IF_ERROR(Class(inside, inner_negated, depth + 1));
        if (inner_negated) return Bad("a negated class inside a class");
        continue;
      }
      ClassItem item;
      PANO_RETURN_IF_ERROR(NextClassItem(item));
      if (!item.character) {
        inside += item.set;
        continue;
      }
      AppendCodePoint(inside, *item.character);
      if (!At('-') || pos_ + 1 >= in_.size() || in_[pos_ + 1] == ']' || in_[pos_ + 1] == '[') continue;
      ++pos_;
      ClassItem last;
      PANO_RETURN_IF_ERROR(NextClassItem(last));
      if (!last.character || *last.character < *item.character) return Bad("this range in a class");
      inside += '-';
      AppendCodePoint(inside, *last.character);
    }
    ++pos_;
    return {};
  }

  Status NextClassItem(ClassItem& item) {
    if (At('\\')) return EscapedItem(item);
    const size_t length = Utf8Length(in_.substr(pos_));
    if (length == 0) return Bad("ill-formed UTF-8");
    item.character = Utf8Decode(in_.substr(pos_), length);
    pos_ += length;
    return {};
  }

  std::string_view in_;
  const RegexDialect dialect_;
  size_t pos_ = 0;
  std::string out_;
  size_t atom_ = 0;               // where in out_ the thing that a quantifier repeats begins
  std::vector<size_t> groups_;    // where in out_ each open group begins
};

}  // namespace

Result<std::string> TranslateRegex(std::string_view pattern, RegexDialect dialect) {
  return Translator(pattern, dialect).Run();
}

}  // namespace pano::tokenizer
