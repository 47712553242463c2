#include "base/json.h"

#include <simdjson.h>

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "base/strings.h"
#include "base/utf8.h"

namespace pano::json {

Value::Value() noexcept = default;
Value::Value(const Value& other) = default;
Value::Value(Value&& other) noexcept = default;
Value& Value::operator=(const Value& other) = default;
Value& Value::operator=(Value&& other) noexcept = default;
Value::~Value() = default;
Value::Value(const char* v) : data_(std::string(v)) {}
Value::Value(std::string_view v) : data_(std::string(v)) {}
Value::Value(std::string v) : data_(std::move(v)) {}
Value::Value(Array v) : data_(std::move(v)) {}
Value::Value(Object v) : data_(std::move(v)) {}
bool Value::operator==(const Value& other) const { return data_ == other.data_; }

Value::Value(uint64_t v) {
  if (v <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
    data_ = static_cast<int64_t>(v);
  } else {
    data_ = static_cast<double>(v);
  }
}

double Value::as_double() const {
  return is_int() ? static_cast<double>(as_int()) : std::get<double>(data_);
}

const Value* Value::Find(std::string_view key) const {
  if (!is_object()) return nullptr;
  const Object& members = as_object();
  for (auto it = members.rbegin(); it != members.rend(); ++it) {
    if (it->first == key) return &it->second;
  }
  return nullptr;
}

Value& Value::Set(std::string_view key, Value value) {
  if (is_null()) data_ = Object();
  if (const Value* found = Find(key)) {
    return const_cast<Value&>(*found) = std::move(value);
  }
  return as_object().emplace_back(std::string(key), std::move(value)).second;
}

Value& Value::Append(Value value) {
  if (is_null()) data_ = Array();
  return as_array().emplace_back(std::move(value));
}

std::string_view Value::kind() const {
  constexpr std::string_view kNames[] = {"null",   "bool",  "integer", "number",
                                         "string", "array", "object"};
  return kNames[data_.index()];
}

namespace {

Value Convert(const simdjson::dom::element& element) {
  using simdjson::dom::element_type;
  switch (element.type()) {
    case element_type::NULL_VALUE: return {};
    case element_type::BOOL: return element.get_bool().value_unsafe();
    case element_type::INT64: return element.get_int64().value_unsafe();
    case element_type::UINT64: return Value(element.get_uint64().value_unsafe());
    case element_type::DOUBLE: return element.get_double().value_unsafe();
    case element_type::STRING: return Value(element.get_string().value_unsafe());
    case element_type::ARRAY: {
      Array array;
      simdjson::dom::array source = element.get_array().value_unsafe();
      array.reserve(source.size());
      for (auto item : source) array.push_back(Convert(item));
      return array;
    }
    case element_type::OBJECT: {
      Object object;
      simdjson::dom::object source = element.get_object().value_unsafe();
      object.reserve(source.size());
      for (auto member : source) object.emplace_back(member.key, Convert(member.value));
      return object;
    }
  }
  return {};
}

// simdjson knows no NaN. A number no sane file holds stands in for each bare word outside strings,
// and is turned back after parsing.
constexpr std::string_view kNan = "-1.7976931348623151e308";
constexpr std::string_view kInfinity = "1.7976931348623153e308";
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// One number of JSON's grammar.
struct NumberText {
  size_t length = 0;        // 0: there is none
  bool is_integer = false;  // neither fraction nor exponent
};

// The number that `text` begins with.
NumberText MatchNumber(std::string_view text) {
  size_t at = text.starts_with('-') ? 1 : 0;
  const size_t first = at;
  while (at < text.size() && IsDigit(text[at])) ++at;
  if (at == first || (text[first] == '0' && at > first + 1)) return {};
  NumberText out{at, true};
  auto take = [&](size_t from) {
    size_t end = from;
    while (end < text.size() && IsDigit(text[end])) ++end;
    if (end > from) out = {end, false};
  };
  if (text.substr(at, 1) == ".") take(at + 1);
  at = out.length;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    const bool sign = at + 1 < text.size() && (text[at + 1] == '+' || text[at + 1] == '-');
    take(at + (sign ? 2 : 1));
  }
  return out;
}

// A number as simdjson takes it: an integer of more than 64 bits as a double. What is larger than any
// double becomes an infinity where `infinite` says that the text may hold one; else it stays, to be
// refused.
void AppendNumber(std::string& out, std::string_view text, bool is_integer, bool infinite) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) {
    // Too large or too small: the standard's parser does not say which, the C library's does.
    value = std::strtod(std::string(text).c_str(), nullptr);
    if (std::isinf(value) && infinite) {
      if (value < 0) out.push_back('-');
      out.append(kInfinity);
      return;
    }
    if (!std::isinf(value)) {
      out.append("0.0");
      return;
    }
  }
  out.append(text);
  if (is_integer && text.size() > 18) {
    uint64_t whole = 0;
    const std::string_view digits = text.substr(text.starts_with('-') ? 1 : 0);
    const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), whole);
    const bool negative = digits.size() < text.size();
    if (parsed.ec != std::errc() || (negative && whole > uint64_t{1} << 63)) out.append(".0");
  }
}

// `text` with every number and bare word outside strings as simdjson takes it.
std::string ReplaceNumbers(std::string_view text, bool allow_nan) {
  std::string out;
  out.reserve(text.size() + 64);
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (in_string) {
      out.push_back(c);
      if (c == '\\' && i + 1 < text.size()) out.push_back(text[++i]);
      if (c == '"') in_string = false;
    } else if (allow_nan && text.substr(i, 3) == "NaN") {
      out.append(kNan);
      i += 2;
    } else if (allow_nan && text.substr(i, 8) == "Infinity") {
      out.append(kInfinity);
      i += 7;
    } else if (NumberText number; (c == '-' || IsDigit(c)) &&
                                  (number = MatchNumber(text.substr(i))).length > 0) {
      AppendNumber(out, text.substr(i, number.length), number.is_integer, allow_nan);
      i += number.length - 1;
    } else {
      in_string = c == '"';
      out.push_back(c);
    }
  }
  return out;
}

void RestoreNan(Value& value) {
  if (value.is_double()) {
    static const double nan_mark = *ParseDouble(kNan);
    static const double infinity_mark = *ParseDouble(kInfinity);
    if (value.as_double() == nan_mark) value = std::numeric_limits<double>::quiet_NaN();
    else if (value.as_double() == infinity_mark) value = std::numeric_limits<double>::infinity();
    else if (value.as_double() == -infinity_mark) value = -std::numeric_limits<double>::infinity();
  } else if (value.is_array()) {
    for (Value& item : value.as_array()) RestoreNan(item);
  } else if (value.is_object()) {
    for (auto& [key, member] : value.as_object()) RestoreNan(member);
  }
}

struct Parsed {
  simdjson::error_code error = simdjson::SUCCESS;
  Value value;
};

Parsed ParseStrict(std::string_view text, size_t depth_max) {
  simdjson::dom::parser parser;
  simdjson::padded_string padded(text);
  Parsed out;
  out.error = parser.allocate(std::max<size_t>(text.size(), 64), depth_max);
  simdjson::dom::element root;
  if (!out.error) out.error = parser.parse(padded).get(root);
  if (!out.error) out.value = Convert(root);
  return out;
}

Status NoMemory() {
  return Status(StatusCode::kExhausted, "[json] no memory to parse it").WithReason("out_of_memory");
}

}  // namespace

Result<Value> Parse(std::string_view text, const ParseOptions& options) {
  if (text.size() > options.bytes_max) {
    return Corruption(StrCat("[json] ", text.size(), " bytes of text, limit ", options.bytes_max));
  }
  // RFC 8259, section 8.1: a parser may ignore it; editors of Windows write one.
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  Parsed parsed = ParseStrict(text, options.depth_max);
  // Most texts have no such number, so they are looked at again only after a failure.
  const bool number = parsed.error == simdjson::NUMBER_ERROR || parsed.error == simdjson::TAPE_ERROR;
  if (number && (options.allow_nan || parsed.error == simdjson::NUMBER_ERROR)) {
    parsed = ParseStrict(ReplaceNumbers(text, options.allow_nan), options.depth_max);
    if (options.allow_nan && !parsed.error) RestoreNan(parsed.value);
  }
  if (parsed.error == simdjson::CAPACITY || parsed.error == simdjson::MEMALLOC) return NoMemory();
  if (parsed.error == simdjson::DEPTH_ERROR) {
    return Corruption(StrCat("[json] nested deeper than ", options.depth_max));
  }
  if (parsed.error) return Corruption(StrCat("[json] ", simdjson::error_message(parsed.error)));
  return std::move(parsed.value);
}

void AppendQuoted(std::string& out, std::string_view text, bool ascii) {
  constexpr char kHex[] = "0123456789abcdef";
  auto escape16 = [&](uint32_t unit) {
    out.append("\\u");
    for (int shift = 12; shift >= 0; shift -= 4) out.push_back(kHex[(unit >> shift) & 15]);
  };
  out.push_back('"');
  for (size_t i = 0; i < text.size();) {
    auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x80) {
      ++i;
      switch (c) {
        case '"': out.append("\\\""); break;
        case '\\': out.append("\\\\"); break;
        case '\n': out.append("\\n"); break;
        case '\r': out.append("\\r"); break;
        case '\t': out.append("\\t"); break;
        case '\b': out.append("\\b"); break;
        case '\f': out.append("\\f"); break;
        default:
          if (c < 0x20) escape16(c);
          else out.push_back(static_cast<char>(c));
      }
      continue;
    }
    size_t length = Utf8Length(text.substr(i));
    char32_t point = length ? Utf8Decode(text.substr(i), length) : U'\uFFFD';
    i += length ? length : 1;
    if (!ascii) {
      Utf8Append(out, point);
    } else if (point < 0x10000) {
      escape16(point);
    } else {
      escape16(0xD800 + ((point - 0x10000) >> 10));
      escape16(0xDC00 + ((point - 0x10000) & 0x3FF));
    }
  }
  out.push_back('"');
}

namespace {

class Dumper {
 public:
  explicit Dumper(const DumpOptions& options) : options_(options) {}

  void Write(const Value& value, int level) {
    if (value.is_null()) {
      out.append("null");
    } else if (value.is_bool()) {
      out.append(value.as_bool() ? "true" : "false");
    } else if (value.is_int()) {
      out.append(StrCat(value.as_int()));
    } else if (value.is_double()) {
      WriteDouble(value.as_double());
    } else if (value.is_string()) {
      AppendQuoted(out, value.as_string(), options_.ascii);
    } else if (value.is_array()) {
      WriteItems('[', ']', value.as_array(), level,
                 [&](const Value& item) { Write(item, level + 1); });
    } else {
      WriteItems('{', '}', value.as_object(), level, [&](const auto& member) {
        AppendQuoted(out, member.first, options_.ascii);
        out.append(options_.indent >= 0 || options_.spaces ? ": " : ":");
        Write(member.second, level + 1);
      });
    }
  }

  std::string out;

 private:
  void WriteDouble(double v) {
    if (!std::isfinite(v)) {
      out.append("null");
      return;
    }
    std::string text = StrCat(v);
    if (text.find_first_of(".e") == std::string::npos) text.append(".0");
    out.append(text);
  }

  template <typename Items, typename WriteItem>
  void WriteItems(char open, char close, const Items& items, int level, WriteItem write) {
    out.push_back(open);
    bool first = true;
    for (const auto& item : items) {
      if (!first) out.append(options_.spaces && options_.indent < 0 ? ", " : ",");
      first = false;
      NewLine(level + 1);
      write(item);
    }
    if (!first) NewLine(level);
    out.push_back(close);
  }

  void NewLine(int level) {
    if (options_.indent < 0) return;
    out.push_back('\n');
    out.append(static_cast<size_t>(options_.indent * level), ' ');
  }

  const DumpOptions& options_;
};

}  // namespace

std::string Dump(const Value& value, const DumpOptions& options) {
  Dumper dumper(options);
  dumper.Write(value, 0);
  return std::move(dumper.out);
}

}  // namespace pano::json
