#include "model/template/operators.h"

#include <algorithm>
#include <cmath>

#include "base/strings.h"
#include "model/template/access.h"
#include "model/template/printing.h"
#include "model/template/string_operations.h"
#include "model/template/text_format.h"

namespace pano::jinja {
namespace {

std::string_view Sign(Operator op) {
  switch (op) {
    case Operator::kAdd:
      return "+";
    case Operator::kSubtract:
      return "-";
    case Operator::kMultiply:
      return "*";
    case Operator::kDivide:
      return "/";
    case Operator::kFloorDivide:
      return "//";
    case Operator::kModulo:
      return "%";
    case Operator::kPower:
      return "** or pow()";
    case Operator::kLess:
      return "<";
    case Operator::kLessEqual:
      return "<=";
    case Operator::kGreater:
      return ">";
    case Operator::kGreaterEqual:
      return ">=";
    default:
      return "==";
  }
}

enum class Order { kLess, kEqual, kGreater, kNone };

template <typename T>
Order OrderOf(const T& a, const T& b) {
  return a < b ? Order::kLess : b < a ? Order::kGreater : a == b ? Order::kEqual : Order::kNone;
}

bool SameSequenceType(const Value& a, const Value& b) {
  return a.is_sequence() && b.is_sequence() && a.sequence().kind == b.sequence().kind;
}

Order OrderValues(Runtime& rt, Operator op, const Value& a, const Value& b) {
  if (!rt.Step()) return Order::kNone;
  if (a.is_number() && b.is_number()) {
    if (a.is_integral() && b.is_integral()) return OrderOf(a.integer(), b.integer());
    return OrderOf(a.number(), b.number());
  }
  if (a.is_string() && b.is_string()) {
    rt.Work(std::min(a.bytes().size(), b.bytes().size()));
    return OrderOf(a.bytes(), b.bytes());
  }
  if (a.is_undefined() || b.is_undefined()) {
    rt.UseOfUndefined(a.is_undefined() ? a : b);
    return Order::kNone;
  }
  const bool ordered_type = SameSequenceType(a, b) && a.sequence().kind <= Sequence::Kind::kTuple;
  if (!ordered_type) {
    rt.TypeError(StrCat("'", Sign(op), "' not supported between instances of '", a.type_name(),
                        "' and '", b.type_name(), "'"));
    return Order::kNone;
  }
  const size_t common = std::min(a.items().size(), b.items().size());
  for (size_t i = 0; i < common && !rt.failed(); ++i) {
    if (!Equal(rt, a.items()[i], b.items()[i]))
      return OrderValues(rt, op, a.items()[i], b.items()[i]);
  }
  return OrderOf(a.items().size(), b.items().size());
}

bool EqualDicts(Runtime& rt, const Dict& a, const Dict& b) {
  if (a.size() != b.size()) return false;
  for (const auto& [key, value] : a.entries()) {
    if (!rt.Key(key)) return false;
    const Value* other = b.Find(key);
    if (!other || !Equal(rt, value, *other)) return false;
  }
  return true;
}

Value Overflow(Runtime& rt) {
  return rt.Error("OverflowError: an integer needs more than 64 bits");
}
Value DivisionByZero(Runtime& rt) { return rt.Error("ZeroDivisionError: division by zero"); }

Value Unsupported(Runtime& rt, Operator op, const Value& a, const Value& b) {
  return rt.TypeError(StrCat("unsupported operand type(s) for ", Sign(op), ": '", a.type_name(),
                             "' and '", b.type_name(), "'"));
}

int64_t FloorDivide(int64_t a, int64_t b) {
  const int64_t q = a / b;
  return a % b != 0 && (a < 0) != (b < 0) ? q - 1 : q;
}

double FloorModulo(double a, double b) {
  double m = std::fmod(a, b);
  if (m != 0 && (m < 0) != (b < 0)) m += b;
  return m;
}

Value IntegerPower(Runtime& rt, int64_t base, int64_t exponent) {
  if (exponent < 0) {
    if (base == 0) return DivisionByZero(rt);
    return Value::Float(std::pow(static_cast<double>(base), static_cast<double>(exponent)));
  }
  int64_t out = 1;
  while (exponent > 0) {
    if ((exponent & 1) && __builtin_mul_overflow(out, base, &out)) return Overflow(rt);
    exponent >>= 1;
    if (exponent > 0 && __builtin_mul_overflow(base, base, &base)) return Overflow(rt);
  }
  return Value::Int(out);
}

Value IntegerArithmetic(Runtime& rt, Operator op, int64_t a, int64_t b) {
  int64_t out = 0;
  bool overflow = false;
  switch (op) {
    case Operator::kAdd:
      overflow = __builtin_add_overflow(a, b, &out);
      break;
    case Operator::kSubtract:
      overflow = __builtin_sub_overflow(a, b, &out);
      break;
    case Operator::kMultiply:
      overflow = __builtin_mul_overflow(a, b, &out);
      break;
    case Operator::kPower:
      return IntegerPower(rt, a, b);
    default:
      if (b == 0) return DivisionByZero(rt);
      if (op == Operator::kDivide)
        return Value::Float(static_cast<double>(a) / static_cast<double>(b));
      if (b == -1) {
        if (op == Operator::kModulo) return Value::Int(0);
        overflow = __builtin_sub_overflow(int64_t{0}, a, &out);
      } else if (op == Operator::kFloorDivide) {
        out = FloorDivide(a, b);
      } else {
        out = a - FloorDivide(a, b) * b;
      }
  }
  return overflow ? Overflow(rt) : Value::Int(out);
}

Value FloatArithmetic(Runtime& rt, Operator op, double a, double b) {
  switch (op) {
    case Operator::kAdd:
      return Value::Float(a + b);
    case Operator::kSubtract:
      return Value::Float(a - b);
    case Operator::kMultiply:
      return Value::Float(a * b);
    case Operator::kPower:
      if (a == 0 && b < 0) return DivisionByZero(rt);
      if (a < 0 && b != std::trunc(b))
        return rt.Error("ValueError: complex numbers are not supported");
      return Value::Float(std::pow(a, b));
    default:
      break;
  }
  if (b == 0) return DivisionByZero(rt);
  if (op == Operator::kDivide) return Value::Float(a / b);
  if (op == Operator::kFloorDivide) return Value::Float(std::floor(a / b));
  return Value::Float(FloorModulo(a, b));
}

Value AddStrings(Runtime& rt, const Value& a, const Value& b) {
  const bool markup = a.markup() || b.markup();
  TextBuilder out(rt);
  for (const Value& part : {a, b}) {
    if (markup && !part.markup()) {
      AppendEscaped(out, part.text());
    } else {
      out.Append(part.text());
    }
  }
  return out.Take().AsMarkup(markup);
}

Value AddSequences(Runtime& rt, const Value& a, const Value& b) {
  std::vector<Value> items;
  const size_t count = a.items().size() + b.items().size();
  if (!rt.Affordable(count * sizeof(Value)) || !rt.Step(count)) return {};
  items.reserve(count);
  items.insert(items.end(), a.items().begin(), a.items().end());
  items.insert(items.end(), b.items().begin(), b.items().end());
  return rt.Make(a.sequence().kind, std::move(items));
}

Value Repeat(Runtime& rt, const Value& v, int64_t times) {
  const size_t count = times > 0 ? static_cast<size_t>(times) : 0;
  const size_t unit = v.is_string() ? v.bytes().size() : v.items().size() * sizeof(Value);
  size_t bytes = 0;
  if (__builtin_mul_overflow(unit, count, &bytes)) return rt.Exhausted("memory");
  if (!rt.Affordable(bytes)) return {};
  if (v.is_string()) {
    TextBuilder out(rt);
    for (size_t i = 0; unit > 0 && i < count && !rt.failed(); ++i) out.Append(v.text());
    return out.Take().AsMarkup(v.markup());
  }
  std::vector<Value> items;
  items.reserve(v.items().size() * count);
  for (size_t i = 0; unit > 0 && i < count && rt.Step(1 + v.items().size()); ++i) {
    items.insert(items.end(), v.items().begin(), v.items().end());
  }
  return rt.Make(v.sequence().kind, std::move(items));
}

bool Repeatable(const Value& v) {
  return v.is_string() || (v.is_sequence() && v.sequence().kind <= Sequence::Kind::kTuple);
}

Value Add(Runtime& rt, const Value& a, const Value& b) {
  if (a.is_string() && b.is_string()) return AddStrings(rt, a, b);
  if (SameSequenceType(a, b) && a.sequence().kind <= Sequence::Kind::kTuple)
    return AddSequences(rt, a, b);
  if (Repeatable(a)) {
    return rt.TypeError(StrCat("can only concatenate ", a.type_name(), " (not \"", b.type_name(),
                               "\") to ", a.type_name()));
  }
  return Unsupported(rt, Operator::kAdd, a, b);
}

}  // namespace

bool Truthy(const Value& v) {
  switch (v.type()) {
    case Value::Type::kNothing:
    case Value::Type::kUndefined:
    case Value::Type::kNone:
      return false;
    case Value::Type::kBool:
    case Value::Type::kInt:
      return v.integer() != 0;
    case Value::Type::kFloat:
      return v.number() != 0;
    case Value::Type::kString:
      return !v.bytes().empty();
    case Value::Type::kSequence:
      return v.sequence().kind == Sequence::Kind::kGenerator || !v.items().empty();
    case Value::Type::kDict:
      return v.dict().size() > 0;
    case Value::Type::kObject:
      return true;
  }
  return false;
}

bool Equal(Runtime& rt, const Value& a, const Value& b) {
  if (!rt.Step()) return false;
  if (a.is_dict() && b.is_dict()) {
    return a.identity() == b.identity() || EqualDicts(rt, a.dict(), b.dict());
  }
  if (a.is_sequence() && b.is_sequence()) {
    if (a.identity() == b.identity()) return true;
    if (!SameSequenceType(a, b) || a.sequence().kind == Sequence::Kind::kGenerator) return false;
    return std::ranges::equal(a.items(), b.items(),
                              [&](const Value& x, const Value& y) { return Equal(rt, x, y); });
  }
  if (a.is_string() && b.is_string()) rt.Work(std::min(a.bytes().size(), b.bytes().size()));
  const bool nan = a.is_number() && b.is_number() && std::isnan(a.number());
  return !nan && KeysEqual(a, b);
}

bool Ordered(Runtime& rt, Operator op, const Value& a, const Value& b) {
  const Order order = OrderValues(rt, op, a, b);
  switch (op) {
    case Operator::kLess:
      return order == Order::kLess;
    case Operator::kLessEqual:
      return order == Order::kLess || order == Order::kEqual;
    case Operator::kGreater:
      return order == Order::kGreater;
    default:
      return order == Order::kGreater || order == Order::kEqual;
  }
}

bool Contains(Runtime& rt, const Value& container, const Value& item) {
  if (container.is_string()) {
    if (item.is_string()) {
      if (!rt.Scan(container.bytes().size())) return false;
      return FindText(container.bytes(), item.bytes()) != std::string_view::npos;
    }
    if (item.is_undefined()) {
      rt.UseOfUndefined(item);
    } else {
      rt.TypeError(StrCat("'in <string>' requires string as left operand, not ", item.type_name()));
    }
    return false;
  }
  if (container.is_dict()) {
    if (!Hashable(item)) {
      rt.TypeError(StrCat("unhashable type: '", item.type_name(), "'"));
      return false;
    }
    if (!rt.Key(item)) return false;
    return container.dict().Find(item) != nullptr;
  }
  if (!container.is_sequence() && !container.is_undefined()) {
    rt.TypeError(StrCat("argument of type '", container.type_name(), "' is not iterable"));
    return false;
  }
  const Value items = ToSequence(rt, container);
  if (rt.failed()) return false;
  return std::ranges::any_of(items.items(), [&](const Value& own) { return Equal(rt, own, item); });
}

bool Compare(Runtime& rt, Operator op, const Value& a, const Value& b) {
  switch (op) {
    case Operator::kEqual:
      return Equal(rt, a, b);
    case Operator::kNotEqual:
      return !Equal(rt, a, b);
    case Operator::kIn:
      return Contains(rt, b, a);
    case Operator::kNotIn:
      return !Contains(rt, b, a);
    default:
      return Ordered(rt, op, a, b);
  }
}

Value Arithmetic(Runtime& rt, Operator op, const Value& a, const Value& b) {
  if (!rt.Step()) return {};
  if (op == Operator::kModulo && a.is_string()) return PercentFormat(rt, a, b);
  if (a.is_undefined() || b.is_undefined()) return rt.UseOfUndefined(a.is_undefined() ? a : b);
  if (a.is_number() && b.is_number()) {
    const Value out = a.is_integral() && b.is_integral()
                          ? IntegerArithmetic(rt, op, a.integer(), b.integer())
                          : FloatArithmetic(rt, op, a.number(), b.number());
    return out.FromInputs(a.from_inputs() || b.from_inputs());
  }
  if (op == Operator::kAdd) return Add(rt, a, b);
  if (op == Operator::kMultiply) {
    if (Repeatable(a) && b.is_integral()) return Repeat(rt, a, b.integer());
    if (Repeatable(b) && a.is_integral()) return Repeat(rt, b, a.integer());
    if (Repeatable(a) || Repeatable(b)) {
      return rt.TypeError(StrCat("can't multiply sequence by non-int of type '",
                                 (Repeatable(a) ? b : a).type_name(), "'"));
    }
  }
  return Unsupported(rt, op, a, b);
}

Value Negate(Runtime& rt, const Value& v) {
  if (v.is_undefined()) return rt.UseOfUndefined(v);
  if (v.is_integral()) {
    return IntegerArithmetic(rt, Operator::kSubtract, 0, v.integer()).FromInputs(v.from_inputs());
  }
  if (v.is_number()) return Value::Float(-v.number()).FromInputs(v.from_inputs());
  return rt.TypeError(StrCat("bad operand type for unary -: '", v.type_name(), "'"));
}

Value Concat(Runtime& rt, const std::vector<Value>& parts) {
  TextBuilder out(rt);
  for (const Value& part : parts) AppendStr(out, part);
  return out.Take();
}

}  // namespace pano::jinja
