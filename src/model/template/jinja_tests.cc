#include "base/strings.h"
#include "model/template/access.h"
#include "model/template/characters.h"
#include "model/template/filters.h"
#include "model/template/operators.h"
#include "model/template/string_operations.h"

// What may stand behind `is`.
namespace pano::jinja {
namespace {

template <bool (*kHolds)(const Value&)>
Value PlainTest(Runtime& rt, const Value& self, const CallArguments& arguments) {
  const Bound bound(rt, "test", arguments, {});
  return Value::Bool(kHolds(self));
}

bool IsDefined(const Value& v) { return !v.is_undefined(); }
bool IsUndefined(const Value& v) { return v.is_undefined(); }
bool IsNone(const Value& v) { return v.is_none(); }
bool IsBoolean(const Value& v) { return v.is_bool(); }
bool IsTrue(const Value& v) { return v.is_bool() && v.boolean(); }
bool IsFalse(const Value& v) { return v.is_bool() && !v.boolean(); }
bool IsInteger(const Value& v) { return v.type() == Value::Type::kInt; }
bool IsFloat(const Value& v) { return v.type() == Value::Type::kFloat; }
bool IsNumber(const Value& v) { return v.is_number(); }
bool IsString(const Value& v) { return v.is_string(); }
bool IsMapping(const Value& v) { return v.is_dict(); }
bool IsEscaped(const Value& v) { return v.markup(); }
bool IsIterable(const Value& v) {
  return v.is_string() || v.is_sequence() || v.is_dict() || v.is_undefined();
}
// Has a length and items, as Python asks; an undefined value has both.
bool IsSequence(const Value& v) {
  return v.is_string() || v.is_dict() || v.is_undefined() ||
         (v.is_sequence() && v.sequence().kind <= Sequence::Kind::kRange);
}
bool IsCallable(const Value& v) {
  if (!v.is_object()) return v.is_undefined();
  const Object::Kind kind = v.object().kind();
  return kind == Object::Kind::kFunction || kind == Object::Kind::kMethod ||
         kind == Object::Kind::kMacro || kind == Object::Kind::kJoiner;
}

template <bool kUpper>
Value CasedTest(Runtime& rt, const Value& self, const CallArguments& arguments) {
  const Bound bound(rt, "test", arguments, {});
  if (!self.is_string() || !rt.Scan(self.bytes().size())) return Value::Bool(false);
  bool some = false;
  for (CharacterCursor at(self.bytes()); !at.done(); at.Next()) {
    if (kUpper ? IsLower(at.value()) : IsUpper(at.value())) return Value::Bool(false);
    some = some || IsUpper(at.value()) || IsLower(at.value());
  }
  return Value::Bool(some);
}

template <Operator kOp>
Value CompareTest(Runtime& rt, const Value& self, const CallArguments& arguments) {
  const Bound bound(rt, "test", arguments, {"other"}, 1);
  return rt.failed() ? Value() : Value::Bool(Compare(rt, kOp, self, bound[0]));
}

Value SameasTest(Runtime& rt, const Value& self, const CallArguments& arguments) {
  const Bound bound(rt, "sameas", arguments, {"other"}, 1);
  if (rt.failed() || self.type() != bound[0].type()) return Value::Bool(false);
  if (self.identity() || bound[0].identity())
    return Value::Bool(self.identity() == bound[0].identity());
  return Value::Bool(KeysEqual(self, bound[0]));
}

// Whether the remainder by `divisor` is `rest`.
Value HasRemainder(Runtime& rt, const Value& self, const Value& divisor, int64_t rest) {
  const Value remainder = Arithmetic(rt, Operator::kModulo, self, divisor);
  return rt.failed() ? Value() : Value::Bool(Equal(rt, remainder, Value::Int(rest)));
}

template <int kRest>
Value ParityTest(Runtime& rt, const Value& self, const CallArguments& arguments) {
  const Bound bound(rt, "test", arguments, {});
  return rt.failed() ? Value() : HasRemainder(rt, self, Value::Int(2), kRest);
}

Value DivisiblebyTest(Runtime& rt, const Value& self, const CallArguments& arguments) {
  const Bound bound(rt, "divisibleby", arguments, {"num"}, 1);
  return rt.failed() ? Value() : HasRemainder(rt, self, bound[0], 0);
}

Value FilterTest(Runtime&, const Value& self, const CallArguments&) {
  return Value::Bool(self.is_string() && FindFilter(self.bytes()));
}

Value TestTest(Runtime&, const Value& self, const CallArguments&) {
  return Value::Bool(self.is_string() && FindTest(self.bytes()));
}

constexpr NativeEntry kTests[] = {
    {"boolean", PlainTest<IsBoolean>},
    {"callable", PlainTest<IsCallable>},
    {"defined", PlainTest<IsDefined>},
    {"divisibleby", DivisiblebyTest},
    {"eq", CompareTest<Operator::kEqual>},
    {"equalto", CompareTest<Operator::kEqual>},
    {"==", CompareTest<Operator::kEqual>},
    {"escaped", PlainTest<IsEscaped>},
    {"even", ParityTest<0>},
    {"false", PlainTest<IsFalse>},
    {"filter", FilterTest},
    {"float", PlainTest<IsFloat>},
    {"ge", CompareTest<Operator::kGreaterEqual>},
    {">=", CompareTest<Operator::kGreaterEqual>},
    {"greaterthan", CompareTest<Operator::kGreater>},
    {"gt", CompareTest<Operator::kGreater>},
    {">", CompareTest<Operator::kGreater>},
    {"in", CompareTest<Operator::kIn>},
    {"integer", PlainTest<IsInteger>},
    {"iterable", PlainTest<IsIterable>},
    {"le", CompareTest<Operator::kLessEqual>},
    {"<=", CompareTest<Operator::kLessEqual>},
    {"lessthan", CompareTest<Operator::kLess>},
    {"lower", CasedTest<false>},
    {"lt", CompareTest<Operator::kLess>},
    {"<", CompareTest<Operator::kLess>},
    {"mapping", PlainTest<IsMapping>},
    {"ne", CompareTest<Operator::kNotEqual>},
    {"!=", CompareTest<Operator::kNotEqual>},
    {"none", PlainTest<IsNone>},
    {"number", PlainTest<IsNumber>},
    {"odd", ParityTest<1>},
    {"sameas", SameasTest},
    {"sequence", PlainTest<IsSequence>},
    {"string", PlainTest<IsString>},
    {"test", TestTest},
    {"true", PlainTest<IsTrue>},
    {"undefined", PlainTest<IsUndefined>},
    {"upper", CasedTest<true>},
};

}  // namespace

Native FindTest(std::string_view name) { return FindNative(kTests, name); }

}  // namespace pano::jinja
