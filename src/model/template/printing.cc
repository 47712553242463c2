#include "model/template/printing.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/strings.h"
#include "model/template/characters.h"
#include "model/template/native.h"
#include "model/template/operators.h"
#include "model/template/sorting.h"

namespace pano::jinja {
namespace {

constexpr size_t kFlushBytes = 4096;   // of escaped text, so that no long copy is made beside it
constexpr size_t kReprDepthMax = 250;  // containers have a lower limit; namespaces may form cycles

void AppendHex(std::string& out, std::string_view prefix, uint32_t code, size_t digits) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += prefix;
  for (size_t i = digits; i-- > 0;) out += kHex[(code >> (4 * i)) & 15];
}

void AppendReprCharacter(std::string& piece, char32_t c, std::string_view bytes, char quote) {
  if (c == '\n') {
    piece += "\\n";
  } else if (c == '\r') {
    piece += "\\r";
  } else if (c == '\t') {
    piece += "\\t";
  } else if (c == '\\' || c == static_cast<char32_t>(quote)) {
    piece += '\\';
    piece += bytes;
  } else if (IsPrintable(c)) {
    piece += bytes;
  } else if (c < 0x100) {
    AppendHex(piece, "\\x", c, 2);
  } else if (c < 0x10000) {
    AppendHex(piece, "\\u", c, 4);
  } else {
    AppendHex(piece, "\\U", c, 8);
  }
}

void ReprText(TextBuilder& out, std::string_view text) {
  if (!out.runtime().Scan(text.size())) return;
  const bool single = text.find('\'') != std::string_view::npos;
  const char quote = single && text.find('"') == std::string_view::npos ? '"' : '\'';
  std::string piece(1, quote);
  for (CharacterCursor at(text); !at.done() && !out.runtime().failed(); at.Next()) {
    AppendReprCharacter(piece, at.value(), text.substr(at.begin(), at.end() - at.begin()), quote);
    if (piece.size() < kFlushBytes) continue;
    out.Append(piece);
    piece.clear();
  }
  out.Append(piece + quote);
}

void Repr(TextBuilder& out, const Value& v, size_t depth);

void ReprItems(TextBuilder& out, const std::vector<Value>& items, size_t depth) {
  bool first = true;
  for (const Value& item : items) {
    if (!out.runtime().Step()) return;
    if (!std::exchange(first, false)) out.Append(", ");
    Repr(out, item, depth + 1);
  }
}

void ReprSequence(TextBuilder& out, const Value& v, size_t depth) {
  const std::vector<Value>& items = v.items();
  switch (v.sequence().kind) {
    case Sequence::Kind::kTuple:
      out.Append("(");
      ReprItems(out, items, depth);
      out.Append(items.size() == 1 ? ",)" : ")");
      return;
    case Sequence::Kind::kRange: {
      const int64_t start = items.empty() ? 0 : items.front().integer();
      const int64_t step = items.size() > 1 ? items[1].integer() - start : 1;
      const int64_t stop = items.empty() ? 0 : items.back().integer() + step;
      out.Append(StrCat("range(", start, ", ", stop, step == 1 ? "" : StrCat(", ", step), ")"));
      return;
    }
    case Sequence::Kind::kGenerator:
      out.Append("<generator>");
      return;
    case Sequence::Kind::kKeys:
      out.Append("dict_keys([");
      break;
    case Sequence::Kind::kValues:
      out.Append("dict_values([");
      break;
    case Sequence::Kind::kItems:
      out.Append("dict_items([");
      break;
    case Sequence::Kind::kList:
      out.Append("[");
      break;
  }
  ReprItems(out, items, depth);
  out.Append(v.sequence().kind == Sequence::Kind::kList ? "]" : "])");
}

void ReprDict(TextBuilder& out, const Dict& dict, size_t depth) {
  out.Append("{");
  bool first = true;
  for (const auto& [key, value] : dict.entries()) {
    if (!out.runtime().Step()) return;
    if (!std::exchange(first, false)) out.Append(", ");
    Repr(out, key, depth + 1);
    out.Append(": ");
    Repr(out, value, depth + 1);
  }
  out.Append("}");
}

void ReprObject(TextBuilder& out, const Value& v, size_t depth) {
  if (v.object().kind() != Object::Kind::kNamespace) {
    out.Append(StrCat("<", v.type_name(), ">"));
    return;
  }
  out.Append("<Namespace {");
  bool first = true;
  for (const auto& [name, value] : static_cast<const NamespaceObject&>(v.object()).attributes) {
    if (!std::exchange(first, false)) out.Append(", ");
    ReprText(out, name);
    out.Append(": ");
    const size_t begin = out.size();
    Repr(out, value, depth + 1);
    if (value.from_inputs()) out.MarkInput(begin);
  }
  out.Append("}>");
}

void Repr(TextBuilder& out, const Value& v, size_t depth) {
  if (!out.runtime().Step()) return;
  if (depth > kReprDepthMax) {
    out.runtime().Exhausted("values nested too deeply to print");
    return;
  }
  switch (v.type()) {
    case Value::Type::kNothing:
    case Value::Type::kUndefined:
      out.Append("Undefined");
      return;
    case Value::Type::kNone:
      out.Append("None");
      return;
    case Value::Type::kBool:
      out.Append(v.boolean() ? "True" : "False");
      return;
    case Value::Type::kInt:
      out.Append(StrCat(v.integer()));
      return;
    case Value::Type::kFloat:
      out.Append(FormatFloat(v.number()));
      return;
    case Value::Type::kString:
      if (v.markup()) out.Append("Markup(");
      ReprText(out, v.bytes());
      if (v.markup()) out.Append(")");
      return;
    case Value::Type::kSequence:
      ReprSequence(out, v, depth);
      return;
    case Value::Type::kDict:
      ReprDict(out, v.dict(), depth);
      return;
    case Value::Type::kObject:
      ReprObject(out, v, depth);
      return;
  }
}

// Writes JSON into a builder.
class JsonWriter {
 public:
  JsonWriter(TextBuilder& out, const JsonOptions& options) : out_(out), options_(options) {}
  void Write(const Value& v);

 private:
  void WriteText(std::string_view text);
  void WriteItems(const std::vector<Value>& items);
  void WriteDict(const Dict& dict);
  void WriteKey(const Value& key);
  void WriteNumber(double v);
  void NewLine();

  TextBuilder& out_;
  const JsonOptions& options_;
  size_t level_ = 0;
};

void AppendJsonCharacter(std::string& piece, char32_t c, std::string_view bytes, bool ascii) {
  constexpr std::string_view kNames = "\"\\\n\r\t\f\b";
  constexpr std::string_view kLetters = "\"\\nrtfb";
  const size_t name = c < 0x80 ? kNames.find(static_cast<char>(c)) : std::string_view::npos;
  if (name != std::string_view::npos) {
    piece += '\\';
    piece += kLetters[name];
  } else if (c < 0x20 || (ascii && c >= 0x7f && c < 0x10000)) {
    AppendHex(piece, "\\u", c, 4);
  } else if (ascii && c >= 0x10000) {
    AppendHex(piece, "\\u", 0xd7c0 + (c >> 10), 4);
    AppendHex(piece, "\\u", 0xdc00 + (c & 0x3ff), 4);
  } else {
    piece += bytes;
  }
}

void JsonWriter::WriteText(std::string_view text) {
  if (!out_.runtime().Scan(text.size())) return;
  std::string piece = "\"";
  for (CharacterCursor at(text); !at.done() && !out_.runtime().failed(); at.Next()) {
    AppendJsonCharacter(piece, at.value(), text.substr(at.begin(), at.end() - at.begin()),
                        options_.ascii);
    if (piece.size() < kFlushBytes) continue;
    out_.Append(piece);
    piece.clear();
  }
  out_.Append(piece + '"');
}

void JsonWriter::NewLine() {
  if (!options_.indented) return;
  out_.Append("\n");
  for (size_t i = 0; i < level_ && !out_.runtime().failed(); ++i) out_.Append(options_.indent);
}

void JsonWriter::WriteItems(const std::vector<Value>& items) {
  if (items.empty()) return out_.Append("[]");
  out_.Append("[");
  ++level_;
  bool first = true;
  for (const Value& item : items) {
    if (!std::exchange(first, false)) out_.Append(options_.item_separator);
    NewLine();
    Write(item);
    if (out_.runtime().failed()) return;
  }
  --level_;
  NewLine();
  out_.Append("]");
}

void JsonWriter::WriteKey(const Value& key) {
  if (key.is_string()) return WriteText(key.bytes());
  if (!key.is_number() && !key.is_none()) {
    out_.runtime().TypeError(
        StrCat("keys must be str, int, float, bool or None, not ", key.type_name()));
    return;
  }
  out_.Append("\"");
  Write(key);
  out_.Append("\"");
}

void JsonWriter::WriteDict(const Dict& dict) {
  if (dict.size() == 0) return out_.Append("{}");
  std::vector<size_t> order(dict.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  if (options_.sort_keys) {
    SortStable(out_.runtime(), order, [&](Runtime& rt, size_t a, size_t b) {
      return Ordered(rt, Operator::kLess, dict.entries()[a].first, dict.entries()[b].first);
    });
  }
  out_.Append("{");
  ++level_;
  bool first = true;
  for (const size_t i : order) {
    if (!std::exchange(first, false)) out_.Append(options_.item_separator);
    NewLine();
    WriteKey(dict.entries()[i].first);
    out_.Append(options_.key_separator);
    Write(dict.entries()[i].second);
    if (out_.runtime().failed()) return;
  }
  --level_;
  NewLine();
  out_.Append("}");
}

void JsonWriter::WriteNumber(double v) {
  if (std::isnan(v)) return out_.Append("NaN");
  if (std::isinf(v)) return out_.Append(v < 0 ? "-Infinity" : "Infinity");
  out_.Append(FormatFloat(v));
}

void JsonWriter::Write(const Value& v) {
  if (!out_.runtime().Step()) return;
  switch (v.type()) {
    case Value::Type::kNone:
      return out_.Append("null");
    case Value::Type::kBool:
      return out_.Append(v.boolean() ? "true" : "false");
    case Value::Type::kInt:
      return out_.Append(StrCat(v.integer()));
    case Value::Type::kFloat:
      return WriteNumber(v.number());
    case Value::Type::kString:
      return WriteText(v.bytes());
    case Value::Type::kDict:
      return WriteDict(v.dict());
    case Value::Type::kSequence:
      if (v.sequence().kind <= Sequence::Kind::kTuple) return WriteItems(v.items());
      break;
    default:
      break;
  }
  out_.runtime().TypeError(StrCat("Object of type ", v.type_name(), " is not JSON serializable"));
}

}  // namespace

std::string FormatFloat(double v) {
  if (std::isnan(v)) return "nan";
  if (std::isinf(v)) return v < 0 ? "-inf" : "inf";
  char buffer[40];
  const auto made = std::to_chars(buffer, buffer + sizeof buffer, v, std::chars_format::scientific);
  std::string_view text(buffer, static_cast<size_t>(made.ptr - buffer));
  std::string out;
  if (text.starts_with('-')) {
    out = "-";
    text.remove_prefix(1);
  }
  const size_t e = text.find('e');
  std::string_view exponent_text = text.substr(e + 1);
  if (exponent_text.starts_with('+')) exponent_text.remove_prefix(1);
  const int64_t exponent = ParseInt(exponent_text).value_or(0);
  std::string digits(text.substr(0, e));
  std::erase(digits, '.');
  if (exponent < -4 || exponent >= 16) {
    out += digits[0];
    if (digits.size() > 1) out += "." + digits.substr(1);
    const std::string number = StrCat(exponent < 0 ? -exponent : exponent);
    return out + (exponent < 0 ? "e-" : "e+") + (number.size() < 2 ? "0" : "") + number;
  }
  if (exponent < 0) {
    return out + "0." + std::string(static_cast<size_t>(-exponent - 1), '0') + digits;
  }
  const auto whole = static_cast<size_t>(exponent) + 1;
  if (digits.size() <= whole) return out + digits + std::string(whole - digits.size(), '0') + ".0";
  return out + digits.substr(0, whole) + "." + digits.substr(whole);
}

void AppendStr(TextBuilder& out, const Value& v) {
  if (v.is_undefined()) return;
  if (v.is_string()) return out.Append(v.text());
  AppendRepr(out, v);
}

void AppendRepr(TextBuilder& out, const Value& v) {
  const size_t begin = out.size();
  Repr(out, v, 0);
  if (v.from_inputs()) out.MarkInput(begin);
}

Value Str(Runtime& rt, const Value& v) {
  if (v.is_string()) return v;
  TextBuilder out(rt);
  AppendStr(out, v);
  return out.Take();
}

void AppendEscaped(TextBuilder& out, const Text& text) {
  constexpr std::string_view kSpecial = "&<>'\"";
  constexpr std::string_view kEntities[] = {"&amp;", "&lt;", "&gt;", "&#39;", "&#34;"};
  size_t begin = 0;
  if (!out.runtime().Scan(text.bytes.size())) return;
  while (begin < text.bytes.size() && !out.runtime().failed()) {
    const size_t special = std::min(text.bytes.find_first_of(kSpecial, begin), text.bytes.size());
    out.Append(text, begin, special);
    if (special == text.bytes.size()) return;
    const auto range =
        std::ranges::lower_bound(text.inputs, special + 1, {}, &Rendered::Range::end);
    const bool input = range != text.inputs.end() && range->begin <= special;
    out.Append(kEntities[kSpecial.find(text.bytes[special])], input);
    begin = special + 1;
  }
}

Value ToJson(Runtime& rt, const Value& v, const JsonOptions& options) {
  TextBuilder out(rt);
  JsonWriter(out, options).Write(v);
  if (v.from_inputs()) out.MarkInput(0);
  return out.Take();
}

}  // namespace pano::jinja
