#include "model/tools/literal.h"

#include <algorithm>
#include <set>

#include "base/json.h"
#include "base/strings.h"
#include "base/utf8.h"

namespace pano::tools {
namespace {

bool IsBlank(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsWord(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || IsDigit(c) || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

int HexDigit(char c) {
  if (IsDigit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Recursive descent over one text; writes JSON as it goes.
class Translator {
 public:
  Translator(LiteralForm form, std::string_view text) : form_(form), text_(text) {}

  bool Value(std::string& out, int depth = 0) {
    constexpr int kDepthMax = 60;
    if (depth > kDepthMax) return false;
    SkipBlanks();
    if (AtEnd()) return false;
    const char c = Peek();
    if (c == '[') return List(out, ']', depth);
    if (c == '(' && form_ == LiteralForm::kPython) return List(out, ')', depth);
    if (c == '{') return Mapping(out, depth);
    if (AtString()) {
      std::string value;
      if (!String(value)) return false;
      json::AppendQuoted(out, value);
      return true;
    }
    return Scalar(out);
  }

  // name=value, ..., up to the end.
  bool Arguments(const Tool& tool, std::string& out) {
    out = "{";
    std::set<std::string> names;
    for (SkipBlanks(); !AtEnd(); SkipBlanks()) {
      if (names.size() > 0) {
        if (!Take(',')) return false;
        SkipBlanks();
        if (AtEnd()) break;  // a comma at the end, as Python allows
        out += ", ";
      }
      std::string name = KeywordName();
      if (name.empty() && !PositionalName(tool, names.size(), name)) return false;
      json::AppendQuoted(out, name);
      out += ": ";
      if (!names.insert(std::move(name)).second) return false;
      if (!Value(out)) return false;
    }
    out += "}";
    return true;
  }

  void SkipBlanks() {
    while (!AtEnd() && IsBlank(Peek())) ++at_;
  }
  bool AtEnd() const { return at_ >= text_.size(); }

 private:
  char Peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  bool Take(char c) {
    if (Peek() != c || AtEnd()) return false;
    ++at_;
    return true;
  }

  // "a" of "a=..." (and not of "a==b"); "" when something else stands here.
  std::string KeywordName() {
    size_t end = at_;
    while (end < text_.size() && IsWord(text_[end])) ++end;
    size_t equals = end;
    while (equals < text_.size() && IsBlank(text_[equals])) ++equals;
    if (end == at_ || equals >= text_.size() || text_[equals] != '=') return {};
    std::string name(text_.substr(at_, end - at_));
    at_ = equals + 1;
    return name;
  }

  static bool PositionalName(const Tool& tool, size_t index, std::string& name) {
    const json::Value* properties = tool.parameters.Find("properties");
    if (!properties || !properties->is_object() || index >= properties->as_object().size()) {
      return false;
    }
    name = properties->as_object()[index].first;
    return true;
  }

  bool List(std::string& out, char close, int depth) {
    ++at_;
    out += "[";
    for (bool first = true;; first = false) {
      SkipBlanks();
      if (Take(close)) break;
      if (!first) {
        if (!Take(',')) return false;
        SkipBlanks();
        if (Take(close)) break;
        out += ", ";
      }
      if (!Value(out, depth + 1)) return false;
    }
    out += "]";
    return true;
  }

  bool Mapping(std::string& out, int depth) {
    ++at_;
    out += "{";
    for (bool first = true;; first = false) {
      SkipBlanks();
      if (Take('}')) break;
      if (!first) {
        if (!Take(',')) return false;
        SkipBlanks();
        if (Take('}')) break;
        out += ", ";
      }
      std::string key;
      if (!Key(key)) return false;
      SkipBlanks();
      if (!Take(':')) return false;
      json::AppendQuoted(out, key);
      out += ": ";
      if (!Value(out, depth + 1)) return false;
    }
    out += "}";
    return true;
  }

  bool Key(std::string& key) {
    SkipBlanks();
    if (AtString()) return String(key);
    if (form_ == LiteralForm::kPython) return false;
    const size_t end = std::min(text_.find(':', at_), text_.size());
    key = std::string(Trim(text_.substr(at_, end - at_)));
    at_ = end;
    return !key.empty();
  }

  bool AtString() const {
    if (form_ == LiteralForm::kMarked) return text_.substr(at_).starts_with(kStringMark);
    return Peek() == '\'' || Peek() == '"';
  }

  bool String(std::string& out) {
    if (form_ == LiteralForm::kMarked) {
      at_ += kStringMark.size();
      const size_t end = text_.find(kStringMark, at_);
      if (end == std::string_view::npos) return false;
      out = std::string(text_.substr(at_, end - at_));
      at_ = end + kStringMark.size();
      return true;
    }
    const char quote = Peek();
    const bool triple = Peek(1) == quote && Peek(2) == quote;
    at_ += triple ? 3 : 1;
    while (!AtEnd()) {
      const char c = text_[at_++];
      if (c == quote && (!triple || (Peek() == quote && Peek(1) == quote))) {
        if (triple) at_ += 2;
        return true;
      }
      if (c != '\\') {
        out.push_back(c);
      } else if (!Escape(out)) {
        return false;
      }
    }
    return false;
  }

  // Behind a backslash. What Python does not know keeps its backslash.
  bool Escape(std::string& out) {
    if (AtEnd()) return false;
    const char c = text_[at_++];
    switch (c) {
      case '\n': return true;
      case '\\': case '\'': case '"': out.push_back(c); return true;
      case 'a': out.push_back('\a'); return true;
      case 'b': out.push_back('\b'); return true;
      case 'f': out.push_back('\f'); return true;
      case 'n': out.push_back('\n'); return true;
      case 'r': out.push_back('\r'); return true;
      case 't': out.push_back('\t'); return true;
      case 'v': out.push_back('\v'); return true;
      case 'x': return CodePoint(2, out);
      case 'u': return CodePoint(4, out);
      case 'U': return CodePoint(8, out);
      default:
        out.push_back('\\');
        out.push_back(c);
        return true;
    }
  }

  bool CodePoint(int digits, std::string& out) {
    uint32_t code = 0;
    if (!Hex(digits, code)) return false;
    // Two surrogates, as JSON writes one character above U+FFFF.
    if (code >= 0xD800 && code < 0xDC00 && Peek() == '\\' && Peek(1) == 'u') {
      at_ += 2;
      uint32_t low = 0;
      if (!Hex(4, low) || low < 0xDC00 || low >= 0xE000) return false;
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    if (code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return false;
    Utf8Append(out, code);
    return true;
  }

  bool Hex(int digits, uint32_t& code) {
    for (int i = 0; i < digits; ++i) {
      const int digit = AtEnd() ? -1 : HexDigit(text_[at_++]);
      if (digit < 0) return false;
      code = code << 4 | static_cast<uint32_t>(digit);
    }
    return true;
  }

  // A word or a number.
  bool Scalar(std::string& out) {
    size_t end = at_;
    while (end < text_.size() && (IsWord(text_[end]) || text_[end] == '.' || text_[end] == '-' ||
                                  text_[end] == '+')) {
      ++end;
    }
    const std::string_view word = text_.substr(at_, end - at_);
    at_ = end;
    if (word == "True" || word == "true") return Put("true", out);
    if (word == "False" || word == "false") return Put("false", out);
    if (word == "None" || word == "null") return Put("null", out);
    return Number(word, out);
  }

  static bool Put(std::string_view word, std::string& out) {
    out += word;
    return true;
  }

  // Digits stay as they are, whatever their number; Python's 1. and .5 get the zero that JSON wants.
  static bool Number(std::string_view word, std::string& out) {
    std::string number;
    if (word.starts_with('+')) word.remove_prefix(1);
    if (word.starts_with('-')) {
      number = "-";
      word.remove_prefix(1);
    }
    if (word.empty() || word.size() > 400) return false;
    if (word.starts_with('.')) number += "0";
    for (size_t i = 0; i < word.size(); ++i) {
      number.push_back(word[i]);
      const bool point_ends = word[i] == '.' && (i + 1 == word.size() || !IsDigit(word[i + 1]));
      if (point_ends) number.push_back('0');
    }
    const Result<json::Value> parsed = json::Parse(number);
    if (!parsed.ok() || !parsed->is_number()) return false;
    out += number;
    return true;
  }

  const LiteralForm form_;
  const std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

std::optional<std::string> LiteralToJson(LiteralForm form, std::string_view text) {
  Translator translator(form, text);
  std::string out;
  if (!translator.Value(out)) return {};
  translator.SkipBlanks();
  if (!translator.AtEnd()) return {};
  return out;
}

std::optional<std::string> PythonArgumentsToJson(const Tool& tool, std::string_view text) {
  Translator translator(LiteralForm::kPython, text);
  std::string out;
  if (!translator.Arguments(tool, out)) return {};
  return out;
}

}  // namespace pano::tools
