#include "model/template/text_format.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "base/strings.h"
#include "base/utf8.h"
#include "model/template/access.h"
#include "model/template/characters.h"
#include "model/template/printing.h"
#include "model/template/string_operations.h"

namespace pano::jinja {
namespace {

// How one value is laid out; both mini languages come down to this.
struct Layout {
  std::string fill = " ";
  char align = '\0';       // < > ^ =, none: by type
  char sign = '-';         // + - or space
  bool alternate = false;  // 0x, 0o, 0b
  bool thousands = false;
  int64_t width = 0;
  int64_t precision = -1;
  char type = '\0';
};

constexpr int64_t kPrecisionMax = 1000;

std::string GroupThousands(std::string digits) {
  const size_t end = std::min(digits.find_first_not_of("0123456789"), digits.size());
  for (size_t at = end; at > 3; at -= 3) digits.insert(at - 3, ",");
  return digits;
}

std::string FloatDigits(double v, const Layout& layout) {
  if (std::isnan(v)) return "nan";
  if (std::isinf(v)) return "inf";
  if (layout.type == '\0' && layout.precision < 0) return FormatFloat(std::fabs(v));
  const char type = layout.type == '\0' ? 'g' : layout.type;
  const int precision =
      layout.precision < 0 ? 6 : static_cast<int>(std::min(layout.precision, kPrecisionMax));
  const std::string format = StrCat("%.*", type == '%' ? 'f' : type);
  const double magnitude = std::fabs(type == '%' ? v * 100 : v);
  std::string out(static_cast<size_t>(precision) + 400, '\0');
  // The format is one of %.*e, f, g and their capitals.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  const int length = std::snprintf(out.data(), out.size(), format.c_str(), precision, magnitude);
#pragma GCC diagnostic pop
  out.resize(static_cast<size_t>(std::max(length, 0)));
  if (type == '%') out += '%';
  return out;
}

std::string IntegerDigits(int64_t v, const Layout& layout) {
  const int base = layout.type == 'x' || layout.type == 'X' ? 16
                   : layout.type == 'o'                     ? 8
                   : layout.type == 'b'                     ? 2
                                                            : 10;
  char buffer[72];
  const uint64_t magnitude = v < 0 ? 0 - static_cast<uint64_t>(v) : static_cast<uint64_t>(v);
  const auto made = std::to_chars(buffer, buffer + sizeof buffer, magnitude, base);
  std::string out(buffer, made.ptr);
  if (layout.precision > 0 &&
      static_cast<int64_t>(out.size()) < std::min(layout.precision, kPrecisionMax)) {
    out.insert(0, static_cast<size_t>(std::min(layout.precision, kPrecisionMax)) - out.size(), '0');
  }
  if (layout.alternate && base != 10)
    out = StrCat("0", layout.type == 'X' ? 'x' : layout.type, out);
  if (layout.type == 'X')
    std::ranges::transform(out, out.begin(), [](char c) {
      return static_cast<char>(ToUpper(static_cast<unsigned char>(c)));
    });
  return out;
}

bool IsFloatType(char type) {
  return std::string_view("eEfFgG%").find(type) != std::string_view::npos;
}
bool IsIntegerType(char type) {
  return std::string_view("dxXobn").find(type) != std::string_view::npos;
}

void AppendNumber(TextBuilder& out, const Value& v, const Layout& layout) {
  Runtime& rt = out.runtime();
  constexpr size_t kStepsPerNumber = 8;   // a thousand digits take microseconds
  if (!rt.Step(kStepsPerNumber)) return;
  const bool as_float = v.type() == Value::Type::kFloat || IsFloatType(layout.type);
  if (v.type() == Value::Type::kFloat && IsIntegerType(layout.type)) {
    rt.Error(
        StrCat("ValueError: Unknown format code '", layout.type, "' for object of type 'float'"));
    return;
  }
  const bool negative =
      as_float ? std::signbit(v.number()) && !std::isnan(v.number()) : v.integer() < 0;
  std::string digits =
      as_float ? FloatDigits(v.number(), layout) : IntegerDigits(v.integer(), layout);
  if (layout.thousands) digits = GroupThousands(std::move(digits));
  const std::string sign = negative ? "-" : layout.sign == '-' ? "" : std::string(1, layout.sign);
  const size_t begin = out.size();
  if (layout.align == '=') {
    const int64_t width = layout.width - static_cast<int64_t>(sign.size());
    const Value padded = Pad(rt, rt.String(digits), width, layout.fill, Align::kRight);
    if (rt.failed()) return;
    out.Append(sign);
    out.Append(padded.text());
  } else {
    const Align align = layout.align == '<'   ? Align::kLeft
                        : layout.align == '^' ? Align::kCenter
                                              : Align::kRight;
    const Value padded = Pad(rt, rt.String(sign + digits), layout.width, layout.fill, align);
    if (rt.failed()) return;
    out.Append(padded.text());
  }
  if (v.from_inputs()) out.MarkInput(begin);
}

void AppendText(TextBuilder& out, const Value& v, const Layout& layout) {
  Runtime& rt = out.runtime();
  Value text = v;
  if (layout.precision >= 0)
    text = GetSlice(rt, text, Value::Int(0), Value::Int(layout.precision), {});
  if (rt.failed()) return;
  const Align align = layout.align == '>'   ? Align::kRight
                      : layout.align == '^' ? Align::kCenter
                                            : Align::kLeft;
  text = Pad(rt, text, layout.width, layout.fill, align);
  if (!rt.failed()) out.Append(text.text());
}

Value Repr(Runtime& rt, const Value& v) {
  TextBuilder out(rt);
  AppendRepr(out, v);
  return out.Take();
}

// A literal part of the format, which may itself come from the inputs.
void AppendLiteral(TextBuilder& out, const Value& format, size_t begin, size_t end) {
  out.Append(format.text(), begin, end);
}

int64_t ReadNumber(std::string_view text, size_t* pos) {
  int64_t out = 0;
  while (*pos < text.size() && text[*pos] >= '0' && text[*pos] <= '9') {
    out = std::min<int64_t>(out * 10 + (text[(*pos)++] - '0'), int64_t{1} << 40);
  }
  return out;
}

// Walks `format % arguments`. Confined to one call.
class PercentFormatter {
 public:
  PercentFormatter(Runtime& rt, const Value& format, const Value& arguments)
      : rt_(rt), format_(format), text_(format.bytes()), arguments_(arguments), out_(rt) {}
  Value Run();

 private:
  void Directive();
  Value NextArgument();
  Layout ReadLayout();
  void AppendConverted(const Value& v, Layout layout);

  Runtime& rt_;
  const Value& format_;
  std::string_view text_;
  const Value& arguments_;
  TextBuilder out_;
  size_t pos_ = 0;
  size_t used_ = 0;
  bool by_name_ = false;
  Value named_;
};

Value PercentFormatter::NextArgument() {
  if (by_name_) return named_;
  const bool tuple =
      arguments_.is_sequence() && arguments_.sequence().kind == Sequence::Kind::kTuple;
  const size_t given = tuple ? arguments_.items().size() : 1;
  if (used_ >= given) return rt_.TypeError("not enough arguments for format string");
  ++used_;
  return tuple ? arguments_.items()[used_ - 1] : arguments_;
}

Layout PercentFormatter::ReadLayout() {
  Layout layout;
  bool zero = false;
  bool left = false;
  for (;
       pos_ < text_.size() && std::string_view("-+ #0").find(text_[pos_]) != std::string_view::npos;
       ++pos_) {
    const char flag = text_[pos_];
    if (flag == '-') left = true;
    if (flag == '+' || (flag == ' ' && layout.sign != '+')) layout.sign = flag;
    if (flag == '#') layout.alternate = true;
    if (flag == '0') zero = true;
  }
  layout.width = ReadNumber(text_, &pos_);
  if (pos_ < text_.size() && text_[pos_] == '.') {
    ++pos_;
    layout.precision = ReadNumber(text_, &pos_);
  }
  layout.align = left ? '<' : zero ? '=' : '>';
  if (zero && !left) layout.fill = "0";
  return layout;
}

void PercentFormatter::AppendConverted(const Value& v, Layout layout) {
  if (rt_.failed()) return;
  const char type = layout.type;
  if (type == 's' || type == 'r' || type == 'a' || type == 'c') {
    if (layout.align == '=') layout.align = '>';
    layout.fill = " ";
    AppendText(out_, type == 'r' || type == 'a' ? Repr(rt_, v) : Str(rt_, v), layout);
    return;
  }
  if (v.is_undefined()) {
    rt_.UseOfUndefined(v);
  } else if (!v.is_number()) {
    rt_.TypeError(StrCat("%", type, " format: a number is required, not ", v.type_name()));
  } else if (IsIntegerType(type) && !v.is_integral()) {
    const double number = v.number();
    if (!(std::fabs(number) < 9e18)) {
      rt_.Error("OverflowError: cannot convert the float to an integer");
      return;
    }
    AppendNumber(out_, Value::Int(static_cast<int64_t>(number)).FromInputs(v.from_inputs()),
                 layout);
  } else {
    AppendNumber(out_, v, layout);
  }
}

void PercentFormatter::Directive() {
  if (pos_ < text_.size() && text_[pos_] == '(') {
    const size_t close = text_.find(')', pos_);
    if (close == std::string_view::npos) {
      rt_.Error("ValueError: incomplete format key");
      return;
    }
    if (!arguments_.is_dict()) {
      rt_.TypeError("format requires a mapping");
      return;
    }
    const Value* found = arguments_.dict().Find(text_.substr(pos_ + 1, close - pos_ - 1));
    if (!found) {
      rt_.Error("KeyError: a format key is missing");
      return;
    }
    named_ = *found;
    by_name_ = true;
    pos_ = close + 1;
  }
  Layout layout = ReadLayout();
  while (pos_ < text_.size() && std::string_view("hlL").find(text_[pos_]) != std::string_view::npos)
    ++pos_;
  if (pos_ >= text_.size()) {
    rt_.Error("ValueError: incomplete format");
    return;
  }
  layout.type = text_[pos_++];
  if (layout.type == '%') return out_.Append("%");
  if (layout.type == 'i' || layout.type == 'u') layout.type = 'd';
  if (std::string_view("srac").find(layout.type) == std::string_view::npos &&
      (!IsFloatType(layout.type) && !IsIntegerType(layout.type))) {
    rt_.Error(StrCat("ValueError: unsupported format character '",
                     Printable(std::string_view(&layout.type, 1)), "'"));
    return;
  }
  AppendConverted(NextArgument(), layout);
  by_name_ = false;
}

Value PercentFormatter::Run() {
  bool by_name = false;
  while (pos_ < text_.size() && rt_.Step()) {
    const size_t percent = std::min(text_.find('%', pos_), text_.size());
    AppendLiteral(out_, format_, pos_, percent);
    pos_ = percent + 1;
    if (percent == text_.size()) break;
    by_name = by_name || text_.substr(pos_).starts_with('(');
    Directive();
  }
  const bool tuple =
      arguments_.is_sequence() && arguments_.sequence().kind == Sequence::Kind::kTuple;
  // Python lets anything with items that is neither a string nor a tuple go unused.
  const bool spare = arguments_.is_dict() || (arguments_.is_sequence() && !tuple) || by_name;
  const size_t given = tuple ? arguments_.items().size() : spare ? used_ : 1;
  if (!rt_.failed() && used_ < given) {
    return rt_.TypeError("not all arguments converted during string formatting");
  }
  return out_.Take();
}

// Walks str.format. Confined to one call.
class BraceFormatter {
 public:
  BraceFormatter(Runtime& rt, const Value& format, const CallArguments& arguments)
      : rt_(rt), format_(format), text_(format.bytes()), arguments_(arguments), out_(rt) {}
  Value Run();

 private:
  void Field(std::string_view field);
  Value Lookup(std::string_view name);
  Value Argument(std::string_view name);
  bool ReadLayout(std::string_view spec, Layout* layout);

  Runtime& rt_;
  const Value& format_;
  std::string_view text_;
  const CallArguments& arguments_;
  TextBuilder out_;
  size_t next_ = 0;
};

Value BraceFormatter::Argument(std::string_view name) {
  const auto index =
      name.empty() ? std::optional<int64_t>(static_cast<int64_t>(next_++)) : ParseInt(name);
  if (index) {
    if (*index >= 0 && static_cast<size_t>(*index) < arguments_.positional.size()) {
      return arguments_.positional[static_cast<size_t>(*index)];
    }
    return rt_.Error("IndexError: Replacement index out of range for positional args tuple");
  }
  for (const auto& [keyword, value] : arguments_.keywords) {
    if (keyword == name) return value;
  }
  return rt_.Error(StrCat("KeyError: '", name, "'"));
}

Value BraceFormatter::Lookup(std::string_view name) {
  size_t pos = std::min(name.find_first_of(".["), name.size());
  Value v = Argument(name.substr(0, pos));
  while (pos < name.size() && rt_.Step()) {
    if (name[pos] == '.') {
      const size_t end = std::min(name.find_first_of(".[", pos + 1), name.size());
      v = GetAttribute(rt_, v, name.substr(pos + 1, end - pos - 1));
      pos = end;
    } else {
      const size_t close = name.find(']', pos);
      if (name[pos] != '[' || close == std::string_view::npos)
        return rt_.Error("ValueError: bad format field");
      const std::string_view key = name.substr(pos + 1, close - pos - 1);
      const auto index = ParseInt(key);
      v = GetItem(rt_, v, index ? Value::Int(*index) : rt_.String(key));
      pos = close + 1;
    }
  }
  return v;
}

bool BraceFormatter::ReadLayout(std::string_view spec, Layout* layout) {
  constexpr std::string_view kAligns = "<>^=";
  const size_t first = Utf8Length(spec);
  const auto is_align = [&](size_t at) {
    return at < spec.size() && kAligns.find(spec[at]) != std::string_view::npos;
  };
  size_t pos = 0;
  if (first > 0 && is_align(first)) {
    layout->fill = spec.substr(0, first);
    layout->align = spec[first];
    pos = first + 1;
  } else if (is_align(0)) {
    layout->align = spec[pos++];
  }
  if (pos < spec.size() && std::string_view("+- ").find(spec[pos]) != std::string_view::npos)
    layout->sign = spec[pos++];
  if (pos < spec.size() && spec[pos] == '#') {
    layout->alternate = true;
    ++pos;
  }
  if (pos < spec.size() && spec[pos] == '0' && !layout->align) {
    layout->fill = "0";
    layout->align = '=';
    ++pos;
  }
  layout->width = ReadNumber(spec, &pos);
  if (pos < spec.size() && spec[pos] == ',') {
    layout->thousands = true;
    ++pos;
  }
  if (pos < spec.size() && spec[pos] == '.') {
    ++pos;
    layout->precision = ReadNumber(spec, &pos);
  }
  if (pos < spec.size()) layout->type = spec[pos++];
  if (pos == spec.size()) return true;
  rt_.Error("ValueError: Invalid format specifier");
  return false;
}

void BraceFormatter::Field(std::string_view field) {
  const size_t colon = std::min(field.find(':'), field.size());
  std::string_view name = field.substr(0, colon);
  const std::string_view spec = field.substr(std::min(colon + 1, field.size()));
  const size_t bang = name.rfind('!');
  char conversion = '\0';
  if (bang != std::string_view::npos && bang + 2 == name.size()) {
    conversion = name.back();
    name = name.substr(0, bang);
  }
  Layout layout;
  Value v = Lookup(name);
  if (rt_.failed() || !ReadLayout(spec, &layout)) return;
  if (conversion == 'r') v = Repr(rt_, v);
  if (conversion == 's') v = Str(rt_, v);
  const bool number = v.is_number() && !(v.is_bool() && layout.type == '\0');
  if (number && (layout.type == '\0' || IsFloatType(layout.type) || IsIntegerType(layout.type))) {
    if (layout.type == 'n') layout.type = v.is_integral() ? 'd' : 'g';
    AppendNumber(out_, v, layout);
    return;
  }
  if (layout.type != '\0' && layout.type != 's') {
    rt_.Error(StrCat("ValueError: Unknown format code for object of type '", v.type_name(), "'"));
    return;
  }
  AppendText(out_, Str(rt_, v), layout);
}

Value BraceFormatter::Run() {
  size_t pos = 0;
  while (pos < text_.size() && rt_.Step()) {
    const size_t brace = std::min(text_.find_first_of("{}", pos), text_.size());
    AppendLiteral(out_, format_, pos, brace);
    if (brace == text_.size()) break;
    if (brace + 1 < text_.size() && text_[brace + 1] == text_[brace]) {
      AppendLiteral(out_, format_, brace, brace + 1);
      pos = brace + 2;
      continue;
    }
    const size_t close = text_[brace] == '{' ? text_.find('}', brace) : std::string_view::npos;
    if (close == std::string_view::npos)
      return rt_.Error("ValueError: Single brace encountered in format string");
    const std::string_view field = text_.substr(brace + 1, close - brace - 1);
    if (field.find('{') != std::string_view::npos)
      return rt_.Error("ValueError: nested format fields are not supported");
    Field(field);
    pos = close + 1;
  }
  return out_.Take();
}

}  // namespace

Value PercentFormat(Runtime& rt, const Value& format, const Value& arguments) {
  return PercentFormatter(rt, format, arguments).Run();
}

Value BraceFormat(Runtime& rt, const Value& format, const CallArguments& arguments) {
  return BraceFormatter(rt, format, arguments).Run();
}

}  // namespace pano::jinja
