#include "data/version/pipeline/yaml_dump.h"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>

#include "base/strings.h"
#include "base/utf8.h"
#include "data/version/pipeline/yaml_value.h"

namespace pano::pipeline {
namespace {

constexpr int kWidth = 80;             // columns
constexpr size_t kSimpleKeyMax = 128;  // characters; a longer key is written as "? key"

std::u32string Decode(std::string_view text) {
  const std::string clean = Utf8Valid(text) ? std::string() : Utf8Sanitize(text);
  if (!clean.empty()) text = clean;
  std::u32string out;
  while (!text.empty()) {
    const size_t length = Utf8Length(text);
    out.push_back(Utf8Decode(text, length));
    text.remove_prefix(length);
  }
  return out;
}

bool IsBreak(char32_t c) { return c == '\n' || c == 0x85 || c == 0x2028 || c == 0x2029; }
bool IsBlank(char32_t c) { return c == 0 || c == ' ' || c == '\t' || c == '\r' || IsBreak(c); }
bool IsShown(char32_t c) {  // without an escape
  return (c >= 0x20 && c <= 0x7e) || (c >= 0xa0 && c <= 0xd7ff) || (c >= 0xe000 && c <= 0xfffd) ||
         c >= 0x10000;
}

// Which styles can hold a text.
struct Analysis {
  bool plain = true;
  bool single = true;
  bool multiline = false;
};

bool In(char32_t c, std::u32string_view set) { return set.find(c) != std::u32string_view::npos; }

// Whether a character that means something to YAML stands where it means it.
bool HasIndicator(const std::u32string& text) {
  if (text.starts_with(U"---") || text.starts_with(U"...")) return true;
  for (size_t i = 0; i < text.size(); ++i) {
    const char32_t c = text[i];
    const bool blank_follows = i + 1 >= text.size() || IsBlank(text[i + 1]);
    if (i == 0) {
      if (In(c, U"#,[]{}&*!|>'\"%@`")) return true;
      if (In(c, U"?:-") && blank_follows) return true;
    } else if ((c == ':' && blank_follows) || (c == '#' && IsBlank(text[i - 1]))) {
      return true;
    }
  }
  return false;
}

Analysis Analyze(const std::u32string& text) {
  Analysis analysis;
  bool special = false, break_space = false, space_break = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char32_t c = text[i];
    if (IsBreak(c)) analysis.multiline = true;
    if (c != '\n' && c != 0x85 && (!IsShown(c) || c == 0xfeff)) special = true;
    if (i > 0 && c == ' ' && IsBreak(text[i - 1])) break_space = true;
    if (i > 0 && IsBreak(c) && text[i - 1] == ' ') space_break = true;
  }
  const auto is_edge = [](char32_t c) { return c == ' ' || IsBreak(c); };
  const bool edges = !text.empty() && (is_edge(text.front()) || is_edge(text.back()));
  if (break_space || space_break || special) analysis.single = false;
  analysis.plain = analysis.single && !edges && !analysis.multiline && !HasIndicator(text);
  return analysis;
}

// YYYY-MM-DD, and what may follow it: a plain text that YAML 1.2 libraries take for a time.
bool LooksLikeDate(std::string_view text) {
  if (text.size() < 8 || text[4] != '-') return false;
  size_t digits = 0, dashes = 0;
  for (size_t i = 0; i < text.size() && i < 10; ++i) {
    if (text[i] >= '0' && text[i] <= '9')
      ++digits;
    else if (text[i] == '-')
      ++dashes;
    else
      break;
  }
  if (dashes != 2 || digits < 6) return false;
  return text.size() <= 10 || In(static_cast<char32_t>(text[10]), U"Tt \t") || text.size() == 8;
}

// Whether the text, written plainly, would not be read as a text.
bool ReadsAsOther(const std::string& text) {
  if (text == "=" || text == "<<") return true;
  return !ResolvePlainScalar(text).is_string() || LooksLikeDate(text);
}

class Writer {
 public:
  std::string Write(const json::Value& root) {
    Mapping(root.as_object(), 0);
    return std::move(out_);
  }

 private:
  void Raw(std::string_view ascii) {
    out_ += ascii;
    column_ += static_cast<int>(ascii.size());
  }
  void Chars(const std::u32string& text, size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) Utf8Append(out_, text[i]);
    column_ += static_cast<int>(end - begin);
  }
  void Break() {
    out_ += '\n';
    column_ = 0;
  }
  void Indent(int indent) {
    Break();
    out_.append(static_cast<size_t>(indent), ' ');
    column_ = indent;
  }
  void StartLine(int indent) {
    if (column_ != 0 && column_ != indent) Break();
    if (column_ == 0 && !(out_.empty() || out_.back() == '\n')) Break();
    while (column_ < indent) Raw(" ");
  }

  void Mapping(const json::Object& object, int indent) {
    for (const auto& [key, value] : object) {
      StartLine(indent);
      const std::u32string text = Decode(key);
      const Analysis analysis = Analyze(text);
      const bool simple = !analysis.multiline && text.size() < kSimpleKeyMax;
      if (!simple) Raw("? ");
      Scalar(key, text, analysis, indent + 2, /*key=*/simple);
      if (!simple) {
        Break();
        StartLine(indent);
      }
      Raw(":");
      Node(value, indent, /*in_mapping=*/true);
      if (column_ != 0) Break();
    }
  }

  void Sequence(const json::Array& array, int indent) {
    for (const json::Value& value : array) {
      StartLine(indent);
      Raw("-");
      Node(value, indent, /*in_mapping=*/false);
      if (column_ != 0) Break();
    }
  }

  // After "key:" or "-".
  void Node(const json::Value& value, int indent, bool in_mapping) {
    if (value.is_object()) {
      if (value.as_object().empty()) return Raw(" {}");
      if (in_mapping) {
        Break();
      } else {
        Raw(" ");
      }
      return Mapping(value.as_object(), indent + 2);
    }
    if (value.is_array()) {
      if (value.as_array().empty()) return Raw(" []");
      if (in_mapping) {
        Break();
        return Sequence(value.as_array(), indent);
      }
      Raw(" ");
      return Sequence(value.as_array(), indent + 2);
    }
    if (value.is_null()) return in_mapping ? void() : Raw(" ");
    Raw(" ");
    if (value.is_bool()) return Raw(value.as_bool() ? "true" : "false");
    if (value.is_int()) return Raw(StrCat(value.as_int()));
    if (value.is_double()) return Raw(Number(value.as_double()));
    const std::u32string text = Decode(value.as_string());
    Scalar(value.as_string(), text, Analyze(text), indent + 2, /*key=*/false);
  }

  static std::string Number(double value) {
    if (std::isnan(value)) return ".nan";
    if (std::isinf(value)) return value < 0 ? "-.inf" : ".inf";
    return PythonFloat(value);
  }

  void Scalar(const std::string& bytes, const std::u32string& text, const Analysis& analysis,
              int indent, bool key) {
    if (text.empty()) return Raw("''");
    const bool other = ReadsAsOther(bytes);
    if (analysis.plain && !other) return Plain(text, indent, !key);
    // Line breaks of any kind are escaped: not every reader takes the same characters for them.
    const bool awkward = text.find(U'\'') != std::u32string::npos || analysis.multiline;
    if (awkward || !analysis.single) return Double(text, indent, !key);
    Single(text, indent, !key);
  }

  void Plain(const std::u32string& text, int indent, bool split) {
    bool spaces = false;
    size_t start = 0;
    for (size_t end = 0; end <= text.size(); ++end) {
      const bool at_end = end == text.size();
      if (spaces) {
        if (at_end || text[end] != ' ') {
          if (start + 1 == end && column_ >= kWidth && split) {
            Indent(indent);
          } else {
            Chars(text, start, end);
          }
          start = end;
        }
      } else if (at_end || text[end] == ' ') {
        // A word that does not fit gets a line of its own.
        if (static_cast<int>(end - start) + column_ > kWidth && column_ > indent && split)
          Indent(indent);
        Chars(text, start, end);
        start = end;
      }
      spaces = !at_end && text[end] == ' ';
    }
  }

  void Single(const std::u32string& text, int indent, bool split) {
    Raw("'");
    bool spaces = false;
    size_t start = 0;
    for (size_t end = 0; end <= text.size(); ++end) {
      const bool at_end = end == text.size();
      if (spaces) {
        if (at_end || text[end] != ' ') {
          if (start + 1 == end && column_ > kWidth && split && start != 0 && !at_end) {
            Indent(indent);
          } else {
            Chars(text, start, end);
          }
          start = end;
        }
      } else if (at_end || text[end] == ' ') {
        Chars(text, start, end);
        start = end;
      }
      spaces = !at_end && text[end] == ' ';
    }
    Raw("'");
  }

  static std::string Escape(char32_t c) {
    switch (c) {
      case 0:
        return "\\0";
      case 7:
        return "\\a";
      case 8:
        return "\\b";
      case 9:
        return "\\t";
      case 10:
        return "\\n";
      case 11:
        return "\\v";
      case 12:
        return "\\f";
      case 13:
        return "\\r";
      case 27:
        return "\\e";
      case '"':
        return "\\\"";
      case '\\':
        return "\\\\";
      case 0x85:
        return "\\N";
      case 0xa0:
        return "\\_";
      case 0x2028:
        return "\\L";
      case 0x2029:
        return "\\P";
      default:
        break;
    }
    char digits[9];
    const int width = c <= 0xff ? 2 : c <= 0xffff ? 4 : 8;
    std::string hex(static_cast<size_t>(width), '0');
    uint32_t rest = c;
    for (size_t i = hex.size(); i-- > 0; rest >>= 4) hex[i] = "0123456789ABCDEF"[rest & 15];
    digits[0] = width == 2 ? 'x' : width == 4 ? 'u' : 'U';
    return StrCat("\\", digits[0], hex);
  }

  // Whether a fold before text[end] needs a backslash for the space there to survive.
  static bool FoldNeedsBackslash(const std::u32string& text, size_t start, size_t end) {
    const size_t space = text.find(U' ', end);
    if (space == std::u32string::npos || space + 1 >= text.size()) return true;
    const size_t line = text.find(U'\n', end);
    const size_t at = line != std::u32string::npos && line < space ? line : space;
    if (text[at] == '\n' && at + 1 < text.size() && text[at + 1] != ' ') return true;
    for (size_t i = end; i < at; ++i) {
      if (text[i] == '"' || text[i] == '\'') return true;
    }
    if (at + 1 >= text.size() || text[at + 1] == ' ' || text[at + 1] == '\n') return true;
    if (end > 0 && text[end - 1] == ' ' && text[end] == ' ') return true;
    return start >= end;  // behind an escape there is no space to stand for the fold
  }

  void Double(const std::u32string& text, int indent, bool split) {
    Raw("\"");
    size_t start = 0;
    for (size_t end = 0; end <= text.size(); ++end) {
      const bool at_end = end == text.size();
      const char32_t c = at_end ? U' ' : text[end];
      if (at_end || c == '"' || c == '\\' || c == 0x85 || c == 0x2028 || c == 0x2029 ||
          c == 0xfeff || !IsShown(c)) {
        Chars(text, start, end);
        start = end;
        if (!at_end) {
          Raw(Escape(c));
          start = end + 1;
        }
      }
      const int pending = static_cast<int>(end) - static_cast<int>(start);
      if (end > 0 && end + 1 < text.size() && (c == ' ' || start >= end) &&
          column_ + pending > kWidth && split) {
        const bool backslash = FoldNeedsBackslash(text, start, end);
        if (start < end) {
          Chars(text, start, end);
          start = end;
        }
        if (backslash) Raw("\\");
        Indent(indent);
        if (text[start] == ' ') {
          if (backslash) {
            Raw("\\");
          } else {
            ++start;
          }
        }
      }
    }
    Raw("\"");
  }

  std::string out_;
  int column_ = 0;  // in characters
};

}  // namespace

std::string PythonFloat(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  char buffer[64];
  const auto end =
      std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific).ptr;
  const std::string_view text(buffer, static_cast<size_t>(end - buffer));
  const size_t e = text.find('e');
  std::string sign, digits;
  for (const char c : text.substr(0, e)) {
    if (c == '-')
      sign = "-";
    else if (c != '.')
      digits += c;
  }
  std::string_view exponent_text = text.substr(e + 1);
  if (exponent_text.starts_with('+')) exponent_text.remove_prefix(1);
  const auto exponent = static_cast<int>(ParseInt(exponent_text).value_or(0));
  // repr() of Python: as digits from 1e-4 up to 1e16, else with an exponent.
  if (exponent < -4 || exponent >= 16) {
    const std::string power = StrCat(std::abs(exponent));
    return StrCat(sign, digits.substr(0, 1), digits.size() > 1 ? "." : "", digits.substr(1),
                  exponent < 0 ? "e-" : "e+", power.size() < 2 ? "0" : "", power);
  }
  if (exponent < 0)
    return StrCat(sign, "0.", std::string(static_cast<size_t>(-exponent - 1), '0'), digits);
  const auto whole = static_cast<size_t>(exponent) + 1;
  if (digits.size() <= whole)
    return StrCat(sign, digits, std::string(whole - digits.size(), '0'), ".0");
  return StrCat(sign, digits.substr(0, whole), ".", digits.substr(whole));
}

std::string DumpYaml(const json::Value& root) {
  if (root.as_object().empty()) return "{}\n";
  return Writer().Write(root);
}

}  // namespace pano::pipeline
