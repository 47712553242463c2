#include "data/version/pipeline/python_params.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "base/utf8.h"

namespace pano::pipeline {
namespace {

constexpr int kDepthMax = 32;
constexpr size_t kBytesMax = 4u << 20;
constexpr size_t kKeysMax = 20'000;  // of one mapping: each is compared with those before it

bool IsName(char c, bool first) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80 || (!first && c >= '0' && c <= '9');
}

// A statement: its indentation and its text with comments taken out and lines within brackets
// joined.
struct Statement {
  size_t indent = 0;
  int line = 0;
  std::string text;
};

// Where the text in quotes that begins at `at` (prefix letters passed) ends; npos where it has no
// end.
size_t EndOfQuotes(std::string_view text, size_t at) {
  const char quote = text[at];
  const bool triple = text.substr(at, 3) == std::string(3, quote);
  const size_t width = triple ? 3 : 1;
  for (size_t i = at + width; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (!triple && text[i] == '\n') {
      return std::string_view::npos;
    } else if (text.substr(i, width) == std::string(width, quote)) {
      return i + width;
    }
  }
  return std::string_view::npos;
}

Result<std::vector<Statement>> SplitStatements(std::string_view text) {
  std::vector<Statement> statements;
  int line = 1, depth = 0;
  Statement current;
  bool fresh = true;  // at the beginning of a statement
  for (size_t i = 0; i <= text.size(); ++i) {
    const char c = i < text.size() ? text[i] : '\n';
    if (c == '#') {
      while (i + 1 < text.size() && text[i + 1] != '\n') ++i;
    } else if (c == '"' || c == '\'') {
      const size_t end = EndOfQuotes(text, i);
      if (end == std::string_view::npos)
        return InvalidArgument(StrCat("line ", line, ": a text has no end"));
      if (fresh) current.line = line;
      fresh = false;
      current.text += text.substr(i, end - i);
      line += static_cast<int>(std::count(text.begin() + static_cast<std::ptrdiff_t>(i),
                                          text.begin() + static_cast<std::ptrdiff_t>(end), '\n'));
      i = end - 1;
    } else if (c == '\\' && i + 1 < text.size() && text[i + 1] == '\n') {
      ++i;
      ++line;
      current.text += ' ';
    } else if (c == '\n' || (c == ';' && depth == 0)) {
      if (c == '\n') ++line;
      if (depth > 0 && i < text.size()) {
        current.text += ' ';
        continue;
      }
      if (depth > 0)
        return InvalidArgument(StrCat("line ", current.line, ": a bracket has no end"));
      const size_t indent = current.indent;
      if (!Trim(current.text).empty()) statements.push_back(std::move(current));
      current = Statement();
      if (c == ';') current.indent = indent;
      fresh = true;
    } else if (fresh && (c == ' ' || c == '\t' || c == '\r')) {
      current.indent += c == '\t' ? 8 : c == ' ' ? 1 : 0;
    } else {
      if (fresh) current.line = line;
      fresh = false;
      if (c == '(' || c == '[' || c == '{') ++depth;
      if ((c == ')' || c == ']' || c == '}') && --depth < 0) {
        return InvalidArgument(StrCat("line ", line, ": a bracket that nothing opens"));
      }
      current.text += c;
    }
  }
  return statements;
}

// A literal; nothing for any other expression. Confined to one call.
class Literal {
 public:
  explicit Literal(std::string_view text) : text_(text) {}
  std::optional<json::Value> Read() {
    std::optional<json::Value> value = AnyValue(0);
    SkipSpace();
    if (!value || at_ != text_.size()) return std::nullopt;
    return value;
  }

 private:
  char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void SkipSpace() {
    while (Peek() == ' ' || Peek() == '\t' || Peek() == '\r' || Peek() == '\n') ++at_;
  }
  bool Take(char c) {
    SkipSpace();
    if (Peek() != c || at_ >= text_.size()) return false;
    ++at_;
    return true;
  }

  std::optional<json::Value> AnyValue(int depth) {
    if (depth > kDepthMax) return std::nullopt;
    SkipSpace();
    const char c = Peek();
    if (c == '[') return List(']', depth);
    if (c == '(') return List(')', depth);
    if (c == '{') return Braces(depth);
    if (c == '"' || c == '\'' || ((c | 0x20) == 'r' || (c | 0x20) == 'u')) {
      if (std::optional<json::Value> text = Texts()) return text;
    }
    return Word();
  }

  std::optional<json::Value> List(char close, int depth) {
    ++at_;
    json::Array array;
    bool comma = false;
    while (true) {
      if (Take(close)) {
        if (close == ')' && array.size() == 1 && !comma) return array[0];  // brackets alone
        return json::Value(std::move(array));
      }
      if (!array.empty() && !comma) return std::nullopt;
      std::optional<json::Value> value = AnyValue(depth + 1);
      if (!value) return std::nullopt;
      array.push_back(*std::move(value));
      comma = Take(',');
    }
  }

  std::optional<json::Value> Braces(int depth) {
    ++at_;
    json::Value object{json::Object()};
    json::Array set;
    bool comma = true;
    while (true) {
      if (Take('}')) {
        if (!set.empty()) return json::Value(std::move(set));
        return object;
      }
      if (!comma) return std::nullopt;
      std::optional<json::Value> key = AnyValue(depth + 1);
      if (!key || object.as_object().size() >= kKeysMax) return std::nullopt;
      if (Take(':')) {
        std::optional<json::Value> value = AnyValue(depth + 1);
        if (!value || !set.empty()) return std::nullopt;
        object.Set(key->is_string() ? key->as_string() : json::Dump(*key), *std::move(value));
      } else {
        if (!object.as_object().empty()) return std::nullopt;
        set.push_back(*std::move(key));
      }
      comma = Take(',');
    }
  }

  // Texts beside each other are one.
  std::optional<json::Value> Texts() {
    std::string value;
    bool any = false;
    while (true) {
      SkipSpace();
      size_t at = at_;
      bool raw = false;
      while (at < text_.size() && at - at_ < 2 && text_[at] != '"' && text_[at] != '\'') {
        const char prefix = static_cast<char>(text_[at] | 0x20);
        if (prefix != 'r' && prefix != 'u') break;
        raw = raw || prefix == 'r';
        ++at;
      }
      if (at >= text_.size() || (text_[at] != '"' && text_[at] != '\'')) {
        if (any) return json::Value(std::move(value));
        return std::nullopt;
      }
      const size_t end = EndOfQuotes(text_, at);
      if (end == std::string_view::npos) return std::nullopt;
      const size_t width =
          end - at >= 6 && text_.substr(at, 3) == std::string(3, text_[at]) ? 3 : 1;
      if (!Unescape(text_.substr(at + width, end - at - 2 * width), raw, &value))
        return std::nullopt;
      any = true;
      at_ = end;
    }
  }

  static bool Unescape(std::string_view text, bool raw, std::string* out) {
    for (size_t i = 0; i < text.size(); ++i) {
      if (raw || text[i] != '\\' || i + 1 >= text.size()) {
        *out += text[i];
        continue;
      }
      const char c = text[++i];
      size_t digits = 0;
      switch (c) {
        case '\n':
          continue;
        case '\\':
        case '\'':
        case '"':
          *out += c;
          continue;
        case 'n':
          *out += '\n';
          continue;
        case 't':
          *out += '\t';
          continue;
        case 'r':
          *out += '\r';
          continue;
        case 'a':
          *out += '\a';
          continue;
        case 'b':
          *out += '\b';
          continue;
        case 'f':
          *out += '\f';
          continue;
        case 'v':
          *out += '\v';
          continue;
        case 'x':
          digits = 2;
          break;
        case 'u':
          digits = 4;
          break;
        case 'U':
          digits = 8;
          break;
        default:
          *out += '\\';
          *out += c;
          continue;
      }
      uint32_t code = 0;
      const std::string_view number = text.substr(i + 1, digits);
      const auto [end, error] =
          std::from_chars(number.data(), number.data() + number.size(), code, 16);
      if (number.size() != digits || error != std::errc() || end != number.data() + digits ||
          code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) {
        return false;
      }
      Utf8Append(*out, code);
      i += digits;
    }
    return true;
  }

  std::optional<json::Value> Word() {
    const size_t begin = at_;
    if (Peek() == '-' || Peek() == '+') ++at_;
    while (at_ < text_.size() &&
           (IsName(Peek(), false) || Peek() == '.' ||
            ((Peek() == '-' || Peek() == '+') && (text_[at_ - 1] | 0x20) == 'e'))) {
      ++at_;
    }
    std::string word(text_.substr(begin, at_ - begin));
    if (word == "True") return json::Value(true);
    if (word == "False") return json::Value(false);
    if (word == "None") return json::Value();
    word.erase(std::remove(word.begin(), word.end(), '_'), word.end());
    std::string_view number = word;
    const bool negative = number.starts_with('-');
    if (negative || number.starts_with('+')) number.remove_prefix(1);
    if (number.empty() || !((number[0] >= '0' && number[0] <= '9') || number[0] == '.'))
      return std::nullopt;
    if (number.size() > 2 && number[0] == '0' && (number[1] | 0x20) >= 'a') {
      const int base = (number[1] | 0x20) == 'x'   ? 16
                       : (number[1] | 0x20) == 'o' ? 8
                       : (number[1] | 0x20) == 'b' ? 2
                                                   : 0;
      int64_t value = 0;
      if (base == 0) return std::nullopt;
      const auto [end, error] =
          std::from_chars(number.data() + 2, number.data() + number.size(), value, base);
      if (error != std::errc() || end != number.data() + number.size()) return std::nullopt;
      return json::Value(negative ? -value : value);
    }
    if (const std::optional<int64_t> value = ParseInt(number))
      return json::Value(negative ? -*value : *value);
    const std::optional<double> value =
        ParseDouble(number.starts_with('.') ? StrCat("0", number) : std::string(number));
    if (!value) return std::nullopt;
    return json::Value(negative ? -*value : *value);
  }

  const std::string_view text_;
  size_t at_ = 0;
};

// "name = value" or "name: annotation = value"; nothing for any other statement.
std::optional<std::pair<std::string, std::string_view>> Assignment(std::string_view text,
                                                                   bool of_self) {
  size_t at = 0;
  if (of_self) {
    if (!text.starts_with("self.")) return std::nullopt;
    at = 5;
  }
  const size_t begin = at;
  while (at < text.size() && IsName(text[at], at == begin)) ++at;
  if (at == begin) return std::nullopt;
  std::string name(text.substr(begin, at - begin));
  while (at < text.size() && text[at] == ' ') ++at;
  if (at < text.size() && text[at] == ':') {
    at = text.find('=', at);
    if (at == std::string_view::npos) return std::nullopt;
  }
  if (at >= text.size() || text[at] != '=' || (at + 1 < text.size() && text[at + 1] == '='))
    return std::nullopt;
  return std::pair(std::move(name), text.substr(at + 1));
}

// Statements [begin, end), all of one block or deeper ones in it.
json::Value ReadBlock(const std::vector<Statement>& statements, size_t begin, size_t end,
                      bool only_self, int depth) {
  json::Value result{json::Object()};
  if (depth > kDepthMax || begin >= end) return result;
  const size_t indent = statements[begin].indent;
  for (size_t i = begin; i < end;) {
    size_t next = i + 1;
    while (next < end && statements[next].indent > indent) ++next;
    const std::string_view text = Trim(statements[i].text);
    const bool is_class = text.starts_with("class "), is_init = text.starts_with("def __init__");
    if (is_class || is_init) {
      size_t name_end = 6;
      while (is_class && name_end < text.size() && IsName(text[name_end], name_end == 6))
        ++name_end;
      json::Value inner = ReadBlock(statements, i + 1, next, is_init, depth + 1);
      if (is_class) {
        result.Set(text.substr(6, name_end - 6), std::move(inner));
      } else {
        for (auto& [name, value] : inner.as_object()) result.Set(name, std::move(value));
      }
    } else if (auto assignment = Assignment(text, text.starts_with("self."));
               assignment && (!only_self || text.starts_with("self."))) {
      if (std::optional<json::Value> value = Literal(Trim(assignment->second)).Read()) {
        result.Set(assignment->first, *std::move(value));
      }
    }
    i = next;
  }
  return result;
}

}  // namespace

Result<json::Value> ParsePythonParams(std::string_view text) {
  if (text.size() > kBytesMax)
    return InvalidArgument(StrCat("has more than ", kBytesMax, " bytes"));
  if (!Utf8Valid(text)) return InvalidArgument("is not UTF-8");
  PANO_ASSIGN_OR_RETURN(const std::vector<Statement> statements, SplitStatements(text));
  if (statements.size() > kKeysMax)
    return InvalidArgument(StrCat("has more than ", kKeysMax, " statements"));
  return ReadBlock(statements, 0, statements.size(), false, 0);
}

}  // namespace pano::pipeline
