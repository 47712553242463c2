#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "base/strings.h"
#include "model/template/access.h"
#include "model/template/characters.h"
#include "model/template/filters.h"
#include "model/template/operators.h"
#include "model/template/printing.h"
#include "model/template/string_operations.h"
#include "model/template/text_format.h"

namespace pano::jinja {
namespace {

// --- text ---

template <Case kTo>
Value CaseFilter(Runtime& rt, const Value& self, const CallArguments& arguments) {
  const Bound bound(rt, "case", arguments, {});
  const Value text = Str(rt, self);
  return rt.failed() ? Value() : ChangeCase(rt, text, kTo).AsMarkup(text.markup());
}

Value TrimFilter(Runtime& rt, const Value& self, const CallArguments& arguments) {
  const Bound bound(rt, "trim", arguments, {"chars"});
  const Value* chars = bound.String(0);
  const Value text = Str(rt, self);
  return rt.failed() ? Value() : Strip(rt, text, chars);
}

Value StringFilter(Runtime& rt, const Value& self, const CallArguments& arguments) {
  const Bound bound(rt, "string", arguments, {});
  return Str(rt, self);
}

Value SafeFilter(Runtime& rt, const Value& self, const CallArguments& arguments) {
  const Bound bound(rt, "safe", arguments, {});
  return Str(rt, self).AsMarkup();
}

Value EscapeFilter(Runtime& rt, const Value& self, const CallArguments& arguments) {
  const Bound bound(rt, "escape", arguments, {});
  const Value text = Str(rt, self);
  if (rt.failed() || text.markup()) return text;
  TextBuilder out(rt);
  AppendEscaped(out, text.text());
  return out.Take().AsMarkup();
}

Value ReplaceFilter(Runtime& rt, const Value& self, const CallArguments& arguments) {
  const Bound bound(rt, "replace", arguments, {"old", "new", "count"}, 2);
  const int64_t count = bound.Integer(2, -1);
  if (rt.failed()) return {};
  const Value text = Str(rt, self);
  const Value from = Str(rt, bound[0]);
  const Value to = Str(rt, bound[1]);
  return rt.failed() ? Value() : Replace(rt, text, from, to, count);
}

// What one level of indentation is: so many spaces, or the text given.
Value IndentUnit(Runtime& rt, const Value& width, int64_t fallback) {
  if (width.is_string()) return width;
  if (!width.is_nothing() && !width.is_integral())
    return rt.TypeError("an indent is a number or a string");
  const int64_t count = width.is_nothing() ? fallback : std::max<int64_t>(width.integer(), 0);
  return Pad(rt, rt.String(""), count, " ", Align::kLeft);
}

Value IndentFilter(Runtime& rt, const Value& self, const CallArguments& arguments) {
  const Bound bound(rt, "indent", arguments, {"width", "first", "blank"});
  if (rt.failed()) return {};
  const Value unit = IndentUnit(rt, bound[0], 4);
  const Value text = Str(rt, self);
  if (rt.failed()) return {};
  const bool blank = bound.Boolean(2, false);
  // A line end is added before splitting, so text that ends with one keeps its last, empty line.
  const Value closed = Arithmetic(rt, Operator::kAdd, text.AsMarkup(false), rt.String("\n"));
  if (rt.failed()) return {};
  const std::vector<Value> lines = SplitLines(rt, closed, false);
  TextBuilder out(rt);
  for (size_t i = 0; i < lines.size() && !rt.failed(); ++i) {
    if (i > 0) out.Append("\n");
    const bool indent = i == 0 ? bound.Boolean(1, false) : blank || !lines[i].bytes().empty();
    if (indent) out.Append(unit.text());
    out.Append(lines[i].text());
  }
  return out.Take().AsMarkup(text.markup());
}

Value CenterFilter(Runtime& rt, const Value& self, const CallArguments& arguments) {
  const Bound bound(rt, "center", arguments, {"width"});
  const int64_t width = bound.Integer(0, 80);
  const Value text = Str(rt, self);
  return rt.failed() ? Value() : Pad(rt, text, width, " ", Align::kCenter);
}

Value TruncateFilter(Runtime& rt, const Value& self, const CallArguments& arguments) {
  const Bound bound(rt, "truncate", arguments, {"length", "killwords", "end", "leeway"});
  const int64_t length = bound.Integer(0, 255);
  const int64_t leeway = bound.Integer(3, 5);
  const Value end = bound.String(2) ? *bound.String(2) : rt.String("...");
  const Value text = Str(rt, self);
  if (rt.failed()) return {};
  const auto own = static_cast<int64_t>(text.text().characters);
  const auto tail = static_cast<int64_t>(end.text().characters);
  if (length < tail || leeway < 0) return rt.Error("AssertionError: the length is too small");
  if (own - leeway <= length) return text;
  Value kept = GetSlice(rt, text, Value::Int(0), Value::Int(length - tail), {});
  if (rt.failed()) return {};
  const size_t space = kept.bytes().rfind(' ');
  if (!bound.Boolean(1, false) && space != std::string_view::npos)
    kept = Substring(rt, kept, 0, space);
  return Concat(rt, {kept, end});
}

Value WordcountFilter(Runtime& rt, const Value& self, const CallArguments& arguments) {
  const Bound bound(rt, "wordcount", arguments, {});
  const Value text = Str(rt, self);
  if (rt.failed()) return {};
  if (!rt.Scan(text.bytes().size())) return {};
  int64_t count = 0;
  bool inside = false;
  for (CharacterCursor at(text.bytes()); !at.done(); at.Next()) {
    const bool word = IsAlpha(at.value()) || IsDigit(at.value()) || at.value() == '_';
    count += word && !inside;
    inside = word;
  }
  return Value::Int(count);
}

Value FormatFilter(Runtime& rt, const Value& self, const CallArguments& arguments) {
  const Value format = Str(rt, self);
  if (rt.failed()) return {};
  if (arguments.keywords.empty()) return PercentFormat(rt, format, rt.Tuple(arguments.positional));
  if (!arguments.positional.empty())
    return rt.TypeError("can't handle positional and keyword arguments at the same time");
  auto dict = std::make_shared<Dict>();
  for (const auto& [name, value] : arguments.keywords) dict->Set(rt.String(name), value);
  return rt.failed() ? Value() : PercentFormat(rt, format, rt.Of(std::move(dict)));
}

Value ReadSeparators(Runtime& rt, const Value& given, JsonOptions* options) {
  if (!given.is_sequence() || given.items().size() != 2 || !given.items()[0].is_string() ||
      !given.items()[1].is_string()) {
    return rt.TypeError("separators are two strings");
  }
  options->item_separator = given.items()[0].bytes();
  options->key_separator = given.items()[1].bytes();
  return {};
}

Value TojsonFilter(Runtime& rt, const Value& self, const CallArguments& arguments) {
  const Bound bound(rt, "tojson", arguments, {"ensure_ascii", "indent", "separators", "sort_keys"});
  if (rt.failed()) return {};
  JsonOptions options;
  options.ascii = bound.Boolean(0, false);
  options.sort_keys = bound.Boolean(3, false);
  if (!bound[1].is_nothing() && !bound[1].is_none()) {
    const Value unit = IndentUnit(rt, bound[1], 0);
    if (rt.failed()) return {};
    options.indented = true;
    options.indent = unit.bytes();
    options.item_separator = ",";
  }
  if (!bound[2].is_nothing() && !bound[2].is_none()) ReadSeparators(rt, bound[2], &options);
  return rt.failed() ? Value() : ToJson(rt, self, options);
}

// --- numbers ---

std::string WithoutUnderscores(std::string_view text) {
  std::string out(Trim(text));
  std::erase(out, '_');
  return out;
}

std::optional<int64_t> IntegerOf(std::string_view text, int64_t base) {
  std::string digits = WithoutUnderscores(text);
  if (base == 10)
    return ParseInt(digits.starts_with('+') ? std::string_view(digits).substr(1) : digits);
  const bool prefixed = digits.size() > 2 && digits[0] == '0';
  const char letter = prefixed ? static_cast<char>(digits[1] | 0x20) : '\0';
  if ((base == 16 && letter == 'x') || (base == 8 && letter == 'o') ||
      (base == 2 && letter == 'b')) {
    digits.erase(0, 2);
  }
  if (base < 2 || base > 36 || digits.empty()) return std::nullopt;
  char* end = nullptr;
  errno = 0;
  const long long value = std::strtoll(digits.c_str(), &end, static_cast<int>(base));
  if (errno != 0 || *end != '\0') return std::nullopt;
  return value;
}

Value Truncated(double v) {
  if (!(std::fabs(v) < 9.2e18)) return {};
  return Value::Int(static_cast<int64_t>(v));
}

Value IntFilter(Runtime& rt, const Value& self, const CallArguments& arguments) {
  const Bound bound(rt, "int", arguments, {"default", "base"});
  const int64_t base = bound.Integer(1, 10);
  if (rt.failed() || (self.is_string() && !rt.Scan(self.bytes().size()))) return {};
  if (self.is_undefined()) return rt.UseOfUndefined(self);
  Value out;
  if (self.is_integral()) out = Value::Int(self.integer());
  if (self.type() == Value::Type::kFloat) out = Truncated(self.number());
  if (self.is_string()) {
    if (const auto number = IntegerOf(self.bytes(), base)) {
      out = Value::Int(*number);
    } else if (const auto real = ParseDouble(WithoutUnderscores(self.bytes()))) {
      out = Truncated(*real);
    }
  }
  if (out.is_nothing()) return bound[0].is_nothing() ? Value::Int(0) : bound[0];
  return out.FromInputs(self.from_inputs());
}

Value FloatFilter(Runtime& rt, const Value& self, const CallArguments& arguments) {
  const Bound bound(rt, "float", arguments, {"default"});
  if (rt.failed() || (self.is_string() && !rt.Scan(self.bytes().size()))) return {};
  if (self.is_undefined()) return rt.UseOfUndefined(self);
  if (self.is_number()) return Value::Float(self.number()).FromInputs(self.from_inputs());
  if (self.is_string()) {
    const auto number = ParseDouble(WithoutUnderscores(self.bytes()));
    if (number) return Value::Float(*number).FromInputs(self.from_inputs());
  }
  return bound[0].is_nothing() ? Value::Float(0) : bound[0];
}

Value AbsFilter(Runtime& rt, const Value& self, const CallArguments& arguments) {
  const Bound bound(rt, "abs", arguments, {});
  if (self.is_undefined()) return rt.UseOfUndefined(self);
  if (!self.is_number())
    return rt.TypeError(StrCat("bad operand type for abs(): '", self.type_name(), "'"));
  return self.number() < 0 ? Negate(rt, self) : self;
}

// As Python rounds: the decimal that is nearest to the exact binary value, ties to even.
double RoundTo(double v, int64_t precision) {
  if (precision < 0) {
    const double scale = std::pow(10.0, static_cast<double>(-precision));
    return std::isinf(scale) ? 0.0 : std::nearbyint(v / scale) * scale;
  }
  char buffer[700];
  std::snprintf(buffer, sizeof buffer, "%.*f", static_cast<int>(std::min<int64_t>(precision, 340)),
                v);
  return std::strtod(buffer, nullptr);
}

Value RoundFilter(Runtime& rt, const Value& self, const CallArguments& arguments) {
  const Bound bound(rt, "round", arguments, {"precision", "method"});
  const int64_t precision = bound.Integer(0, 0);
  const std::string_view method = bound.String(1) ? bound.String(1)->bytes() : "common";
  constexpr size_t kStepsPerNumber = 8;   // hundreds of digits take microseconds
  if (!rt.Step(kStepsPerNumber)) return {};
  if (self.is_undefined()) return rt.UseOfUndefined(self);
  if (!self.is_number())
    return rt.TypeError(StrCat("type ", self.type_name(), " doesn't define __round__ method"));
  if (method == "common") {
    if (self.is_integral() && precision >= 0)
      return Value::Int(self.integer()).FromInputs(self.from_inputs());
    const double rounded = RoundTo(self.number(), precision);
    return (self.is_integral() ? Truncated(rounded) : Value::Float(rounded))
        .FromInputs(self.from_inputs());
  }
  if (method != "ceil" && method != "floor")
    return rt.Raise("method must be common, ceil or floor");
  const double scale = std::pow(10.0, static_cast<double>(precision));
  const double scaled = self.number() * scale;
  return Value::Float((method == "ceil" ? std::ceil(scaled) : std::floor(scaled)) / scale)
      .FromInputs(self.from_inputs());
}

// --- anything ---

Value DefaultFilter(Runtime& rt, const Value& self, const CallArguments& arguments) {
  const Bound bound(rt, "default", arguments, {"default_value", "boolean"});
  if (rt.failed()) return {};
  if (!self.is_undefined() && !(bound.Boolean(1, false) && !Truthy(self))) return self;
  return bound[0].is_nothing() ? rt.String("") : bound[0];
}

Value AttrFilter(Runtime& rt, const Value& self, const CallArguments& arguments) {
  const Bound bound(rt, "attr", arguments, {"name"}, 1);
  const Value* name = bound.String(0);
  if (rt.failed() || !name) return rt.failed() ? Value() : rt.TypeError("attr() needs a string");
  // Attributes only, no items: those of a dict are not reached this way.
  if (self.is_dict() && self.dict().Find(name->bytes()))
    return rt.Undefined("items are no attributes");
  return GetAttribute(rt, self, name->bytes());
}

constexpr NativeEntry kFilters[] = {
    {"abs", AbsFilter},
    {"attr", AttrFilter},
    {"capitalize", CaseFilter<Case::kCapitalize>},
    {"center", CenterFilter},
    {"d", DefaultFilter},
    {"default", DefaultFilter},
    {"e", EscapeFilter},
    {"escape", EscapeFilter},
    {"float", FloatFilter},
    {"format", FormatFilter},
    {"indent", IndentFilter},
    {"int", IntFilter},
    {"lower", CaseFilter<Case::kLower>},
    {"replace", ReplaceFilter},
    {"round", RoundFilter},
    {"safe", SafeFilter},
    {"string", StringFilter},
    {"title", CaseFilter<Case::kTitleWords>},
    {"tojson", TojsonFilter},
    {"trim", TrimFilter},
    {"truncate", TruncateFilter},
    {"upper", CaseFilter<Case::kUpper>},
    {"wordcount", WordcountFilter},
};

}  // namespace

Native FindTextFilter(std::string_view name) { return FindNative(kFilters, name); }

}  // namespace pano::jinja
