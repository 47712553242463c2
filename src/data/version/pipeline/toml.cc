#include "data/version/pipeline/toml.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "base/utf8.h"

namespace pano::pipeline {
namespace {

constexpr int kDepthMax = 64;
constexpr size_t kBytesMax = 16u << 20;
constexpr size_t kKeysMax = 20'000;  // of one table: each is compared with those before it

bool IsBareKey(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         c == '-';
}

// Reads from the first character to the last. Confined to one call.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text), root_(json::Object()) {}

  Result<json::Value> Parse() {
    table_ = &root_;
    while (true) {
      SkipSpaceAndLines();
      if (AtEnd()) return std::move(root_);
      if (Peek() == '[') {
        PANO_RETURN_IF_ERROR(Header());
      } else {
        PANO_RETURN_IF_ERROR(KeyValue(table_, prefix_));
      }
      PANO_RETURN_IF_ERROR(EndOfLine());
    }
  }

 private:
  bool AtEnd() const { return at_ >= text_.size(); }
  char Peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  bool Take(std::string_view what) {
    if (!text_.substr(at_).starts_with(what)) return false;
    at_ += what.size();
    return true;
  }
  Status Wrong(std::string_view why) const {
    const auto line =
        1 + std::count(text_.begin(),
                       text_.begin() + static_cast<std::ptrdiff_t>(std::min(at_, text_.size())),
                       '\n');
    return InvalidArgument(StrCat("line ", static_cast<int64_t>(line), ": ", why));
  }
  void SkipSpace() {
    while (Peek() == ' ' || Peek() == '\t') ++at_;
  }
  void SkipComment() {
    if (Peek() != '#') return;
    while (!AtEnd() && Peek() != '\n') ++at_;
  }
  void SkipSpaceAndLines() {
    while (true) {
      SkipSpace();
      SkipComment();
      if (Peek() == '\n') {
        ++at_;
      } else if (Peek() == '\r' && Peek(1) == '\n') {
        at_ += 2;
      } else {
        return;
      }
    }
  }
  Status EndOfLine() {
    SkipSpace();
    SkipComment();
    if (AtEnd() || Take("\n") || Take("\r\n")) return {};
    return Wrong("something stands behind the value");
  }

  Result<std::string> SimpleKey() {
    if (Peek() == '"') return BasicText();
    if (Peek() == '\'') return LiteralText();
    const size_t begin = at_;
    while (!AtEnd() && IsBareKey(Peek())) ++at_;
    if (at_ == begin) return Wrong("a key is missing");
    return std::string(text_.substr(begin, at_ - begin));
  }
  Result<std::vector<std::string>> Key() {
    std::vector<std::string> parts;
    while (true) {
      SkipSpace();
      PANO_ASSIGN_OR_RETURN(std::string part, SimpleKey());
      parts.push_back(std::move(part));
      if (parts.size() > kDepthMax) return Wrong("a key nests too deep");
      SkipSpace();
      if (!Take(".")) return parts;
    }
  }

  static json::Value* Member(json::Value* table, const std::string& key) {
    for (auto& [name, value] : table->as_object()) {
      if (name == key) return &value;
    }
    return nullptr;
  }
  // The table `key` of `table`, made when it is not there; the last one where it is an array of
  // tables.
  Result<json::Value*> Descend(json::Value* table, const std::string& key) {
    json::Value* member = Member(table, key);
    if (member == nullptr) {
      if (table->as_object().size() >= kKeysMax)
        return Wrong(StrCat("a table has more than ", kKeysMax, " keys"));
      return &table->as_object().emplace_back(key, json::Object()).second;
    }
    if (member->is_array() && !member->as_array().empty() &&
        member->as_array().back().is_object()) {
      return &member->as_array().back();
    }
    if (!member->is_object()) return Wrong(StrCat("'", Printable(key), "' is no table"));
    return member;
  }

  Status Header() {
    const bool array = Take("[[");
    if (!array) Take("[");
    PANO_ASSIGN_OR_RETURN(const std::vector<std::string> key, Key());
    if (!Take(array ? "]]" : "]")) return Wrong("the end of the table's name is missing");
    json::Value* table = &root_;
    std::string prefix;
    for (size_t i = 0; i + 1 < key.size(); ++i) {
      PANO_ASSIGN_OR_RETURN(table, Descend(table, key[i]));
      prefix += key[i] + '\n';
    }
    prefix += key.back() + '\n';
    json::Value* last = Member(table, key.back());
    if (array) {
      if (last == nullptr)
        last = &table->as_object().emplace_back(key.back(), json::Array()).second;
      if (!last->is_array() || (!last->as_array().empty() && !arrays_.contains(prefix))) {
        return Wrong(StrCat("'", Printable(key.back()), "' is no list of tables"));
      }
      arrays_.insert(prefix);
      last->as_array().push_back(json::Object());
      table_ = &last->as_array().back();
    } else {
      PANO_ASSIGN_OR_RETURN(table_, Descend(table, key.back()));
      if (last != nullptr && last->is_array())
        return Wrong(StrCat("'", Printable(key.back()), "' is a list"));
      if (!tables_.insert(prefix).second && !InArray(prefix)) {
        return Wrong(StrCat("the table '", Printable(key.back()), "' stands twice"));
      }
    }
    prefix_ = prefix;
    return {};
  }
  // Tables below a list of tables come again with each of its entries.
  bool InArray(const std::string& prefix) const {
    return std::any_of(arrays_.begin(), arrays_.end(),
                       [&](const std::string& array) { return prefix.starts_with(array); });
  }

  Status KeyValue(json::Value* table, const std::string& prefix) {
    PANO_ASSIGN_OR_RETURN(const std::vector<std::string> key, Key());
    if (!Take("=")) return Wrong("'=' is missing behind the key");
    SkipSpace();
    std::string path = prefix;
    for (size_t i = 0; i + 1 < key.size(); ++i) {
      PANO_ASSIGN_OR_RETURN(table, Descend(table, key[i]));
      path += key[i] + '\n';
    }
    if (Member(table, key.back()) != nullptr)
      return Wrong(StrCat("the key '", Printable(key.back()), "' stands twice"));
    if (table->as_object().size() >= kKeysMax)
      return Wrong(StrCat("a table has more than ", kKeysMax, " keys"));
    PANO_ASSIGN_OR_RETURN(json::Value value, AnyValue(static_cast<int>(key.size())));
    table->as_object().emplace_back(key.back(), std::move(value));
    return {};
  }

  Result<json::Value> AnyValue(int depth) {
    if (depth > kDepthMax) return Wrong("nests too deep");
    if (Take("\"\"\"")) return MultilineText(true);
    if (Take("'''")) return MultilineText(false);
    if (Peek() == '"' || Peek() == '\'') {
      PANO_ASSIGN_OR_RETURN(std::string text, Peek() == '"' ? BasicText() : LiteralText());
      return json::Value(std::move(text));
    }
    if (Take("[")) return ArrayValue(depth);
    if (Take("{")) return InlineTable(depth);
    return Word();
  }

  Result<json::Value> ArrayValue(int depth) {
    json::Array array;
    while (true) {
      SkipSpaceAndLines();
      if (Take("]")) return json::Value(std::move(array));
      PANO_ASSIGN_OR_RETURN(json::Value value, AnyValue(depth + 1));
      array.push_back(std::move(value));
      SkipSpaceAndLines();
      if (Take(",")) continue;
      if (Take("]")) return json::Value(std::move(array));
      return Wrong("',' or ']' is missing in the list");
    }
  }

  Result<json::Value> InlineTable(int depth) {
    json::Value table{json::Object()};
    SkipSpace();
    if (Take("}")) return table;
    while (true) {
      SkipSpace();
      PANO_ASSIGN_OR_RETURN(const std::vector<std::string> key, Key());
      if (!Take("=")) return Wrong("'=' is missing behind the key");
      SkipSpace();
      json::Value* into = &table;
      for (size_t i = 0; i + 1 < key.size(); ++i) {
        PANO_ASSIGN_OR_RETURN(into, Descend(into, key[i]));
      }
      if (Member(into, key.back()) != nullptr)
        return Wrong(StrCat("the key '", Printable(key.back()), "' stands twice"));
      if (into->as_object().size() >= kKeysMax)
        return Wrong(StrCat("a table has more than ", kKeysMax, " keys"));
      PANO_ASSIGN_OR_RETURN(json::Value value, AnyValue(depth + 1));
      into->as_object().emplace_back(key.back(), std::move(value));
      SkipSpace();
      if (Take(",")) continue;
      if (Take("}")) return table;
      return Wrong("',' or '}' is missing in the table");
    }
  }

  Result<json::Value> Word() {
    const size_t begin = at_;
    while (!AtEnd() && (IsBareKey(Peek()) || Peek() == '+' || Peek() == '.' || Peek() == ':'))
      ++at_;
    // A date and a time may stand apart: "1979-05-27 07:32:00".
    if (at_ - begin == 10 && text_[begin + 4] == '-' && Peek() == ' ' && Peek(1) >= '0' &&
        Peek(1) <= '9') {
      ++at_;
      while (!AtEnd() && (IsBareKey(Peek()) || Peek() == '+' || Peek() == '.' || Peek() == ':'))
        ++at_;
    }
    const std::string_view word = text_.substr(begin, at_ - begin);
    if (word == "true") return json::Value(true);
    if (word == "false") return json::Value(false);
    std::string_view number = word;
    const bool negative = number.starts_with('-');
    if (negative || number.starts_with('+')) number.remove_prefix(1);
    if (number == "inf") {
      const double infinity = std::numeric_limits<double>::infinity();
      return json::Value(negative ? -infinity : infinity);
    }
    if (number == "nan") return json::Value(std::numeric_limits<double>::quiet_NaN());
    if (number.empty() || number[0] < '0' || number[0] > '9')
      return Wrong(StrCat("'", Printable(word), "' is no value"));
    if (word.find(':') != std::string_view::npos || (word.size() >= 8 && word.find('-', 1) == 4)) {
      return json::Value(std::string(word));
    }
    std::string digits(number);
    digits.erase(std::remove(digits.begin(), digits.end(), '_'), digits.end());
    if (digits.size() > 2 && digits[0] == '0' && !negative) {
      const int base = digits[1] == 'x' ? 16 : digits[1] == 'o' ? 8 : digits[1] == 'b' ? 2 : 0;
      if (base != 0) return Based(digits.substr(2), base);
    }
    if (const std::optional<int64_t> value = ParseInt(negative ? "-" + digits : digits))
      return json::Value(*value);
    if (const std::optional<double> value = ParseDouble(digits))
      return json::Value(negative ? -*value : *value);
    return Wrong(StrCat("'", Printable(word), "' is no value"));
  }

  Result<json::Value> Based(const std::string& digits, int base) const {
    int64_t value = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
    if (error != std::errc() || end != digits.data() + digits.size())
      return Wrong("a number that is none");
    return json::Value(value);
  }

  Result<std::string> LiteralText() {
    ++at_;
    const size_t end = text_.find_first_of("'\n", at_);
    if (end == std::string_view::npos || text_[end] == '\n') return Wrong("a text has no end");
    std::string value(text_.substr(at_, end - at_));
    at_ = end + 1;
    return value;
  }

  Result<std::string> BasicText() {
    ++at_;
    std::string value;
    while (true) {
      if (AtEnd() || Peek() == '\n') return Wrong("a text has no end");
      const char c = text_[at_++];
      if (c == '"') return value;
      if (c != '\\') {
        value += c;
      } else {
        PANO_RETURN_IF_ERROR(Escape(&value));
      }
    }
  }

  Result<json::Value> MultilineText(bool escapes) {
    const std::string_view quotes = escapes ? "\"\"\"" : "'''";
    if (!Take("\n")) Take("\r\n");
    std::string value;
    while (true) {
      if (AtEnd()) return Wrong("a text has no end");
      if (Take(quotes)) {
        while (Peek() == quotes[0] && !AtEnd())
          value += text_[at_++];  // up to two more are of the text
        return json::Value(std::move(value));
      }
      const char c = text_[at_++];
      if (!escapes || c != '\\') {
        value += c;
        continue;
      }
      size_t end = at_;
      while (end < text_.size() && (text_[end] == ' ' || text_[end] == '\t' || text_[end] == '\r'))
        ++end;
      if (end < text_.size() && text_[end] == '\n') {
        at_ = end;
        while (!AtEnd() && (Peek() == ' ' || Peek() == '\t' || Peek() == '\r' || Peek() == '\n'))
          ++at_;
        continue;
      }
      PANO_RETURN_IF_ERROR(Escape(&value));
    }
  }

  Status Escape(std::string* value) {
    const char c = AtEnd() ? '\0' : text_[at_++];
    switch (c) {
      case 'b':
        *value += '\b';
        return {};
      case 't':
        *value += '\t';
        return {};
      case 'n':
        *value += '\n';
        return {};
      case 'f':
        *value += '\f';
        return {};
      case 'r':
        *value += '\r';
        return {};
      case '"':
        *value += '"';
        return {};
      case '\\':
        *value += '\\';
        return {};
      case 'u':
      case 'U':
        break;
      default:
        return Wrong("an escape that there is not");
    }
    const size_t length = c == 'u' ? 4 : 8;
    uint32_t code = 0;
    const std::string_view digits = text_.substr(at_, length);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
    if (digits.size() != length || error != std::errc() || end != digits.data() + length ||
        code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) {
      return Wrong("an escape that is no character");
    }
    at_ += length;
    Utf8Append(*value, code);
    return {};
  }

  const std::string_view text_;
  size_t at_ = 0;
  json::Value root_;
  json::Value* table_ = nullptr;  // that keys go to
  std::string prefix_;            // its name, a line for each part
  std::set<std::string> tables_, arrays_;
};

}  // namespace

Result<json::Value> ParseToml(std::string_view text) {
  if (text.size() > kBytesMax)
    return InvalidArgument(StrCat("has more than ", kBytesMax, " bytes"));
  if (!Utf8Valid(text)) return InvalidArgument("is not UTF-8");
  return Parser(text).Parse();
}

}  // namespace pano::pipeline
