#include "model/template/lexer.h"

#include <algorithm>
#include <optional>

#include "base/strings.h"
#include "base/utf8.h"
#include "model/template/characters.h"

namespace pano::jinja {
namespace {

bool IsDigitByte(char c) { return c >= '0' && c <= '9'; }
bool IsNameByte(char c) {
  return IsDigitByte(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(source) {}

  Result<std::vector<Token>> Run();

 private:
  Status Comment(size_t begin);
  Status Raw(size_t begin);
  Status Tag(TokenKind end_kind, std::string_view end);
  Status NextInTag();
  bool TagEnd(TokenKind kind, std::string_view end);

  Status Error(std::string_view message) const {
    return Corruption(StrCat("template line ", line_, ": ", message));
  }
  char At(size_t pos) const { return pos < source_.size() ? source_[pos] : '\0'; }
  bool HasAt(size_t pos, std::string_view text) const {
    return source_.substr(std::min(pos, source_.size())).starts_with(text);
  }
  size_t SkipSpace(size_t pos) const { return pos + SkipLeading(source_.substr(pos)); }
  // Where raw or endraw ends when it stands at `pos`, behind "{%" and its sign; its closing sign.
  std::optional<size_t> RawTag(size_t pos, std::string_view name, char* close_sign) const;
  void Data(size_t begin, size_t end, char sign, bool variable);
  void Add(TokenKind kind, size_t length);
  void MoveTo(size_t pos);

  std::string_view source_;
  size_t pos_ = 0;
  uint32_t line_ = 1;
  bool line_starting_ = true;  // the last tag's match ended with a line end
  std::string balance_;        // closing brackets that are due
  std::vector<Token> tokens_;
};

void Lexer::MoveTo(size_t pos) {
  line_ += static_cast<uint32_t>(std::count(source_.begin() + static_cast<ptrdiff_t>(pos_),
                                            source_.begin() + static_cast<ptrdiff_t>(pos), '\n'));
  pos_ = pos;
}

void Lexer::Add(TokenKind kind, size_t length) {
  tokens_.push_back({kind, line_, source_.substr(pos_, length)});
  MoveTo(pos_ + length);
}

// Emits the text before a tag as the tag's sign and lstrip_blocks leave it; moves to `end`.
void Lexer::Data(size_t begin, size_t end, char sign, bool variable) {
  std::string_view text = source_.substr(begin, end - begin);
  if (sign == '-') {
    text = text.substr(0, DropTrailing(text));
  } else if (sign != '+' && !variable) {
    const size_t newline = text.rfind('\n');
    const size_t line_begin = newline == std::string_view::npos ? 0 : newline + 1;
    const std::string_view indent = text.substr(line_begin);
    if ((line_begin > 0 || line_starting_) && SkipLeading(indent) == indent.size()) {
      text = text.substr(0, line_begin);
    }
  }
  if (!text.empty()) tokens_.push_back({TokenKind::kData, line_, text});
  MoveTo(end);
}

std::optional<size_t> Lexer::RawTag(size_t pos, std::string_view name, char* close_sign) const {
  pos = SkipSpace(pos);
  if (!HasAt(pos, name)) return std::nullopt;
  pos = SkipSpace(pos + name.size());
  *close_sign = '\0';
  if (At(pos) == '-' || (At(pos) == '+' && name == "endraw")) *close_sign = At(pos++);
  if (!HasAt(pos, "%}")) return std::nullopt;
  pos += 2;
  return *close_sign == '-' ? SkipSpace(pos) : pos;
}

Status Lexer::Raw(size_t begin) {
  MoveTo(begin);
  line_starting_ = begin > 0 && source_[begin - 1] == '\n';
  for (size_t tag = source_.find("{%", begin); tag != std::string_view::npos;
       tag = source_.find("{%", tag + 2)) {
    const char open_sign = At(tag + 2) == '-' || At(tag + 2) == '+' ? At(tag + 2) : '\0';
    char close_sign = '\0';
    const auto end = RawTag(tag + 2 + (open_sign ? 1 : 0), "endraw", &close_sign);
    if (!end) continue;
    Data(begin, tag, open_sign, /*variable=*/false);
    MoveTo(!close_sign && At(*end) == '\n' ? *end + 1 : *end);
    line_starting_ = source_[pos_ - 1] == '\n';
    return OkStatus();
  }
  return Error("a raw block does not end");
}

Status Lexer::Comment(size_t begin) {
  const size_t close = source_.find("#}", begin);
  if (close == std::string_view::npos) return Error("a comment does not end");
  const char sign = close > begin ? source_[close - 1] : '\0';
  size_t end = close + 2;
  if (sign == '-') {
    end = SkipSpace(end);
  } else if (sign != '+' && At(end) == '\n') {
    ++end;
  }
  MoveTo(end);
  line_starting_ = source_[end - 1] == '\n';
  return OkStatus();
}

bool Lexer::TagEnd(TokenKind kind, std::string_view end) {
  if (!balance_.empty()) return false;
  size_t pos = pos_;
  char sign = '\0';
  if (At(pos) == '-' || (At(pos) == '+' && kind == TokenKind::kBlockEnd)) sign = At(pos++);
  if (!HasAt(pos, end)) return false;
  pos += end.size();
  if (sign == '-') {
    pos = SkipSpace(pos);
  } else if (!sign && kind == TokenKind::kBlockEnd && At(pos) == '\n') {
    ++pos;
  }
  Add(kind, pos - pos_);
  line_starting_ = source_[pos_ - 1] == '\n';
  return true;
}

// The length of the number at the start of `text`; *is_float says which kind.
size_t NumberLength(std::string_view text, bool after_dot, bool* is_float) {
  *is_float = false;
  const auto digits = [&](size_t pos, auto&& accepts) {
    while (pos < text.size() && (accepts(text[pos]) || (text[pos] == '_' && pos + 1 < text.size() &&
                                                        accepts(text[pos + 1])))) {
      ++pos;
    }
    return pos;
  };
  if (text.size() > 2 && text[0] == '0' && !after_dot) {
    const char base = static_cast<char>(text[1] | 0x20);
    const auto is_hex = [](char c) {
      return IsDigitByte(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
    };
    size_t end = 2;
    if (base == 'x') end = digits(2, is_hex);
    if (base == 'o') end = digits(2, [](char c) { return c >= '0' && c <= '7'; });
    if (base == 'b') end = digits(2, [](char c) { return c == '0' || c == '1'; });
    if (end > 2) return end;
  }
  size_t end = digits(0, IsDigitByte);
  if (after_dot) return end;
  if (end + 1 < text.size() && text[end] == '.' && IsDigitByte(text[end + 1])) {
    *is_float = true;
    end = digits(end + 1, IsDigitByte);
  }
  if (end < text.size() && (text[end] | 0x20) == 'e') {
    size_t exponent = end + 1;
    if (exponent < text.size() && (text[exponent] == '+' || text[exponent] == '-')) ++exponent;
    if (exponent < text.size() && IsDigitByte(text[exponent])) {
      *is_float = true;
      end = digits(exponent, IsDigitByte);
    }
  }
  return end;
}

size_t StringLength(std::string_view text) {
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == text[0]) {
      return i + 1;
    }
  }
  return 0;
}

Status Lexer::NextInTag() {
  const char c = source_[pos_];
  const std::string_view rest = source_.substr(pos_);
  if (IsDigitByte(c)) {
    bool is_float = false;
    const bool after_dot = pos_ > 0 && source_[pos_ - 1] == '.';
    const size_t length = NumberLength(rest, after_dot, &is_float);
    Add(is_float ? TokenKind::kFloat : TokenKind::kInteger, length);
    return OkStatus();
  }
  if (IsNameByte(c)) {
    size_t length = 1;
    while (length < rest.size() && IsNameByte(rest[length])) ++length;
    Add(TokenKind::kName, length);
    return OkStatus();
  }
  if (c == '"' || c == '\'') {
    const size_t length = StringLength(rest);
    if (length == 0) return Error("a string does not end");
    Add(TokenKind::kString, length);
    return OkStatus();
  }
  for (const std::string_view two : {"**", "//", "==", "!=", ">=", "<="}) {
    if (!rest.starts_with(two)) continue;
    Add(TokenKind::kOperator, 2);
    return OkStatus();
  }
  constexpr std::string_view kOperators = "+-/*%~[](){}><=.:|,;";
  if (kOperators.find(c) == std::string_view::npos) {
    return Error(StrCat("unexpected character '", Printable(rest.substr(0, 1)), "'"));
  }
  if (c == '(') balance_ += ')';
  if (c == '[') balance_ += ']';
  if (c == '{') balance_ += '}';
  if (c == ')' || c == ']' || c == '}') {
    if (balance_.empty()) return Error(StrCat("unexpected '", c, "'"));
    if (balance_.back() != c)
      return Error(StrCat("unexpected '", c, "', expected '", balance_.back(), "'"));
    balance_.pop_back();
  }
  Add(TokenKind::kOperator, 1);
  return OkStatus();
}

Status Lexer::Tag(TokenKind end_kind, std::string_view end) {
  while (true) {
    MoveTo(SkipSpace(pos_));
    if (pos_ >= source_.size()) return Error("a tag does not end");
    if (TagEnd(end_kind, end)) return OkStatus();
    PANO_RETURN_IF_ERROR(NextInTag());
  }
}

Result<std::vector<Token>> Lexer::Run() {
  size_t search = 0;
  while (pos_ < source_.size()) {
    const size_t tag = source_.find('{', search);
    if (tag == std::string_view::npos) break;
    const char type = At(tag + 1);
    if (type != '%' && type != '{' && type != '#') {
      search = tag + 1;
      continue;
    }
    const char sign = At(tag + 2) == '-' || At(tag + 2) == '+' ? At(tag + 2) : '\0';
    const size_t inside = tag + 2 + (sign ? 1 : 0);
    Data(pos_, tag, sign, /*variable=*/type == '{');
    char close_sign = '\0';
    const auto raw = type == '%' ? RawTag(inside, "raw", &close_sign) : std::nullopt;
    if (type == '#') {
      PANO_RETURN_IF_ERROR(Comment(inside));
    } else if (raw) {
      PANO_RETURN_IF_ERROR(Raw(*raw));
    } else if (type == '%') {
      Add(TokenKind::kBlockBegin, inside - tag);
      PANO_RETURN_IF_ERROR(Tag(TokenKind::kBlockEnd, "%}"));
    } else {
      Add(TokenKind::kVariableBegin, inside - tag);
      PANO_RETURN_IF_ERROR(Tag(TokenKind::kVariableEnd, "}}"));
    }
    search = pos_;
  }
  if (pos_ < source_.size()) tokens_.push_back({TokenKind::kData, line_, source_.substr(pos_)});
  MoveTo(source_.size());
  tokens_.push_back({TokenKind::kEnd, line_, {}});
  return std::move(tokens_);
}

}  // namespace

Result<std::string> NormalizeSource(std::string_view source) {
  if (!Utf8Valid(source)) return Corruption("the template is not UTF-8");
  std::string out;
  out.reserve(source.size());
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] != '\r') {
      out += source[i];
      continue;
    }
    out += '\n';
    if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
  }
  if (out.ends_with('\n')) out.pop_back();
  return out;
}

Result<std::vector<Token>> Lex(std::string_view source) { return Lexer(source).Run(); }

}  // namespace pano::jinja
