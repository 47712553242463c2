#include "model/template/methods.h"

#include <algorithm>

#include "base/strings.h"
#include "model/template/access.h"
#include "model/template/characters.h"
#include "model/template/loop.h"
#include "model/template/operators.h"
#include "model/template/string_operations.h"
#include "model/template/text_format.h"

namespace pano::jinja {
namespace {

// --- strings ---

template <Case kTo>
Value ChangeCaseMethod(Runtime& rt, const Value& self, const CallArguments& arguments) {
  const Bound bound(rt, "case", arguments, {});
  return rt.failed() ? Value() : ChangeCase(rt, self, kTo);
}

template <bool kLeft, bool kRight>
Value StripMethod(Runtime& rt, const Value& self, const CallArguments& arguments) {
  const Bound bound(rt, "strip", arguments, {"chars"});
  const Value* chars = bound.String(0);
  return rt.failed() ? Value() : Strip(rt, self, chars, kLeft, kRight);
}

Value SplitMethod(Runtime& rt, const Value& self, const CallArguments& arguments) {
  const Bound bound(rt, "split", arguments, {"sep", "maxsplit"});
  const Value* separator = bound.String(0);
  const int64_t count = bound.Integer(1, -1);
  return rt.failed() ? Value() : rt.List(SplitText(rt, self, separator, count));
}

Value RsplitMethod(Runtime& rt, const Value& self, const CallArguments& arguments) {
  const Bound bound(rt, "rsplit", arguments, {"sep", "maxsplit"});
  const Value* separator = bound.String(0);
  const int64_t count = bound.Integer(1, -1);
  return rt.failed() ? Value() : rt.List(SplitTextFromRight(rt, self, separator, count));
}

Value SplitlinesMethod(Runtime& rt, const Value& self, const CallArguments& arguments) {
  const Bound bound(rt, "splitlines", arguments, {"keepends"});
  return rt.failed() ? Value() : rt.List(SplitLines(rt, self, bound.Boolean(0, false)));
}

Value ReplaceMethod(Runtime& rt, const Value& self, const CallArguments& arguments) {
  const Bound bound(rt, "replace", arguments, {"old", "new", "count"}, 2);
  const Value* from = bound.String(0);
  const Value* to = bound.String(1);
  const int64_t count = bound.Integer(2, -1);
  if (!rt.failed() && (!from || !to)) return rt.TypeError("replace() needs strings");
  return rt.failed() ? Value() : Replace(rt, self, *from, *to, count);
}

Value JoinMethod(Runtime& rt, const Value& self, const CallArguments& arguments) {
  const Bound bound(rt, "join", arguments, {"iterable"}, 1);
  const Value items = rt.failed() ? Value() : ToSequence(rt, bound[0]);
  if (rt.failed()) return {};
  for (const Value& item : items.items()) {
    if (!rt.Step()) return {};
    if (!item.is_string()) {
      return rt.TypeError(
          StrCat("sequence item: expected str instance, ", item.type_name(), " found"));
    }
  }
  return Join(rt, self, items.items(), self.markup());
}

// The part of `self` that the arguments start and end leave.
Value Window(Runtime& rt, const Value& self, const Bound& bound) {
  if (rt.failed() || (bound[1].is_nothing() && bound[2].is_nothing())) return self;
  return GetSlice(rt, self, bound[1], bound[2], {});
}

template <bool kStart>
Value AffixMethod(Runtime& rt, const Value& self, const CallArguments& arguments) {
  const std::string_view name = kStart ? "startswith" : "endswith";
  const Bound bound(rt, name, arguments, {"prefix", "start", "end"}, 1);
  const Value text = Window(rt, self, bound);
  if (rt.failed()) return {};
  const auto holds = [&](const Value& affix) {
    if (affix.is_string()) {
      rt.Work(affix.bytes().size());
      return kStart ? text.bytes().starts_with(affix.bytes())
                    : text.bytes().ends_with(affix.bytes());
    }
    if (affix.is_undefined()) {
      rt.UseOfUndefined(affix);
    } else {
      rt.TypeError(
          StrCat(name, " first arg must be str or a tuple of str, not ", affix.type_name()));
    }
    return true;
  };
  const bool tuple = bound[0].is_sequence() && bound[0].sequence().kind == Sequence::Kind::kTuple;
  const bool out = tuple ? std::ranges::any_of(bound[0].items(), holds) : holds(bound[0]);
  return rt.failed() ? Value() : Value::Bool(out);
}

template <bool kFromRight, bool kMustFind>
Value FindMethodOfText(Runtime& rt, const Value& self, const CallArguments& arguments) {
  const Bound bound(rt, "find", arguments, {"sub", "start", "end"}, 1);
  const Value* sub = bound.String(0);
  const Value text = Window(rt, self, bound);
  if (rt.failed() || !sub || !rt.Scan(self.bytes().size())) {
    return rt.failed() ? Value() : rt.TypeError("find() needs a string");
  }
  const size_t at =
      kFromRight ? FindLastText(text.bytes(), sub->bytes()) : FindText(text.bytes(), sub->bytes());
  if (at == std::string_view::npos) {
    return kMustFind ? rt.Error("ValueError: substring not found") : Value::Int(-1);
  }
  int64_t start = bound.Integer(1, 0);
  const auto length = static_cast<int64_t>(self.text().characters);
  if (start < 0) start = std::max<int64_t>(0, start + length);
  return Value::Int(start + static_cast<int64_t>(CountCharacters(text.bytes().substr(0, at))));
}

Value CountMethod(Runtime& rt, const Value& self, const CallArguments& arguments) {
  const Bound bound(rt, "count", arguments, {"sub", "start", "end"}, 1);
  const Value* sub = bound.String(0);
  const Value text = Window(rt, self, bound);
  if (rt.failed() || !sub || !rt.Scan(self.bytes().size())) {
    return rt.failed() ? Value() : rt.TypeError("count() needs a string");
  }
  if (sub->bytes().empty()) return Value::Int(static_cast<int64_t>(text.text().characters) + 1);
  int64_t count = 0;
  for (size_t at = FindText(text.bytes(), sub->bytes()); at != std::string_view::npos;
       at = FindText(text.bytes(), sub->bytes(), at + sub->bytes().size())) {
    ++count;
  }
  return Value::Int(count);
}

template <bool kFromRight>
Value PartitionMethod(Runtime& rt, const Value& self, const CallArguments& arguments) {
  const Bound bound(rt, "partition", arguments, {"sep"}, 1);
  const Value* separator = bound.String(0);
  if (rt.failed() || !separator || separator->bytes().empty()) {
    return rt.failed() ? Value() : rt.Error("ValueError: empty separator");
  }
  const std::string_view bytes = self.bytes();
  if (!rt.Scan(bytes.size())) return {};
  const size_t at =
      kFromRight ? FindLastText(bytes, separator->bytes()) : FindText(bytes, separator->bytes());
  const Value empty = rt.String("");
  if (at == std::string_view::npos) {
    return kFromRight ? rt.Tuple({empty, empty, self}) : rt.Tuple({self, empty, empty});
  }
  const size_t end = at + separator->bytes().size();
  return rt.Tuple({Substring(rt, self, 0, at), Substring(rt, self, at, end),
                   Substring(rt, self, end, bytes.size())});
}

template <bool kPrefix>
Value RemoveAffixMethod(Runtime& rt, const Value& self, const CallArguments& arguments) {
  const Bound bound(rt, "removeprefix", arguments, {"prefix"}, 1);
  const Value* affix = bound.String(0);
  if (rt.failed() || !affix)
    return rt.failed() ? Value() : rt.TypeError("removeprefix() needs a string");
  const std::string_view bytes = self.bytes();
  const size_t length = affix->bytes().size();
  if (!rt.Work(length)) return {};
  if (kPrefix && bytes.starts_with(affix->bytes()))
    return Substring(rt, self, length, bytes.size());
  if (!kPrefix && bytes.ends_with(affix->bytes()))
    return Substring(rt, self, 0, bytes.size() - length);
  return self;
}

template <Align kAlign>
Value PadMethod(Runtime& rt, const Value& self, const CallArguments& arguments) {
  const Bound bound(rt, "just", arguments, {"width", "fillchar"}, 1);
  const int64_t width = bound.Integer(0, 0);
  const Value* fill = bound.String(1);
  if (fill && fill->text().characters != 1) {
    return rt.TypeError("The fill character must be exactly one character long");
  }
  return rt.failed() ? Value() : Pad(rt, self, width, fill ? fill->bytes() : " ", kAlign);
}

Value ZfillMethod(Runtime& rt, const Value& self, const CallArguments& arguments) {
  const Bound bound(rt, "zfill", arguments, {"width"}, 1);
  const int64_t width = bound.Integer(0, 0);
  if (rt.failed()) return {};
  const bool sign = self.bytes().starts_with('-') || self.bytes().starts_with('+');
  const Value digits = Substring(rt, self, sign ? 1 : 0, self.bytes().size());
  if (rt.failed()) return {};
  const Value padded =
      Pad(rt, digits, std::max<int64_t>(width, 0) - (sign ? 1 : 0), "0", Align::kRight);
  return sign && !rt.failed() ? Arithmetic(rt, Operator::kAdd, Substring(rt, self, 0, 1), padded)
                              : padded;
}

template <bool (*kHolds)(char32_t)>
Value EveryCharacterMethod(Runtime& rt, const Value& self, const CallArguments& arguments) {
  const Bound bound(rt, "is", arguments, {});
  if (!rt.Scan(self.bytes().size())) return {};
  bool all = !self.bytes().empty();
  for (CharacterCursor at(self.bytes()); all && !at.done(); at.Next()) all = kHolds(at.value());
  return Value::Bool(all);
}

bool IsAlphanumeric(char32_t c) { return IsAlpha(c) || IsDigit(c); }

// isupper and islower: some cased character, and none of the other case.
template <bool kUpper>
Value CasedMethod(Runtime& rt, const Value& self, const CallArguments& arguments) {
  const Bound bound(rt, "is", arguments, {});
  if (!rt.Scan(self.bytes().size())) return {};
  bool some = false;
  for (CharacterCursor at(self.bytes()); !at.done(); at.Next()) {
    if (kUpper ? IsLower(at.value()) : IsUpper(at.value())) return Value::Bool(false);
    some = some || IsUpper(at.value()) || IsLower(at.value());
  }
  return Value::Bool(some);
}

constexpr NativeEntry kTextMethods[] = {
    {"capitalize", ChangeCaseMethod<Case::kCapitalize>},
    {"casefold", ChangeCaseMethod<Case::kLower>},
    {"center", PadMethod<Align::kCenter>},
    {"count", CountMethod},
    {"endswith", AffixMethod<false>},
    {"find", FindMethodOfText<false, false>},
    {"format", BraceFormat},
    {"index", FindMethodOfText<false, true>},
    {"isalnum", EveryCharacterMethod<IsAlphanumeric>},
    {"isalpha", EveryCharacterMethod<IsAlpha>},
    {"isdecimal", EveryCharacterMethod<IsDigit>},
    {"isdigit", EveryCharacterMethod<IsDigit>},
    {"islower", CasedMethod<false>},
    {"isnumeric", EveryCharacterMethod<IsDigit>},
    {"isspace", EveryCharacterMethod<IsSpace>},
    {"isupper", CasedMethod<true>},
    {"join", JoinMethod},
    {"ljust", PadMethod<Align::kLeft>},
    {"lower", ChangeCaseMethod<Case::kLower>},
    {"lstrip", StripMethod<true, false>},
    {"partition", PartitionMethod<false>},
    {"removeprefix", RemoveAffixMethod<true>},
    {"removesuffix", RemoveAffixMethod<false>},
    {"replace", ReplaceMethod},
    {"rfind", FindMethodOfText<true, false>},
    {"rindex", FindMethodOfText<true, true>},
    {"rjust", PadMethod<Align::kRight>},
    {"rpartition", PartitionMethod<true>},
    {"rsplit", RsplitMethod},
    {"rstrip", StripMethod<false, true>},
    {"split", SplitMethod},
    {"splitlines", SplitlinesMethod},
    {"startswith", AffixMethod<true>},
    {"strip", StripMethod<true, true>},
    {"swapcase", ChangeCaseMethod<Case::kSwap>},
    {"title", ChangeCaseMethod<Case::kTitle>},
    {"upper", ChangeCaseMethod<Case::kUpper>},
    {"zfill", ZfillMethod},
};

// --- dicts and lists ---

Value GetMethod(Runtime& rt, const Value& self, const CallArguments& arguments) {
  const Bound bound(rt, "get", arguments, {"key", "default"}, 1);
  if (rt.failed()) return {};
  if (!Hashable(bound[0]))
    return rt.TypeError(StrCat("unhashable type: '", bound[0].type_name(), "'"));
  if (!rt.Key(bound[0])) return {};
  if (const Value* found = self.dict().Find(bound[0])) return *found;
  return bound[1].is_nothing() ? Value::None() : bound[1];
}

template <Sequence::Kind kWhat>
Value ViewMethod(Runtime& rt, const Value& self, const CallArguments& arguments) {
  const Bound bound(rt, "view", arguments, {});
  constexpr size_t kPairBytes = 2 * sizeof(Value) + sizeof(Sequence);
  std::vector<Value> out;
  if (!rt.Affordable(self.dict().size() * kPairBytes)) return {};
  out.reserve(self.dict().size());
  for (const auto& [key, value] : self.dict().entries()) {
    if constexpr (kWhat == Sequence::Kind::kItems) {
      out.push_back(rt.Tuple({key, value}));
    } else {
      out.push_back(kWhat == Sequence::Kind::kKeys ? key : value);
    }
    if (rt.failed()) return {};
  }
  return rt.Make(kWhat, std::move(out));
}

Value CopyMethod(Runtime& rt, const Value& self, const CallArguments& arguments) {
  const Bound bound(rt, "copy", arguments, {});
  return rt.failed() ? Value() : self;  // nothing changes in place, so sharing is copying
}

Value CountItemsMethod(Runtime& rt, const Value& self, const CallArguments& arguments) {
  const Bound bound(rt, "count", arguments, {"value"}, 1);
  if (rt.failed()) return {};
  return Value::Int(
      std::ranges::count_if(self.items(), [&](const Value& v) { return Equal(rt, v, bound[0]); }));
}

Value IndexOfItemMethod(Runtime& rt, const Value& self, const CallArguments& arguments) {
  const Bound bound(rt, "index", arguments, {"value"}, 1);
  if (rt.failed()) return {};
  for (size_t i = 0; i < self.items().size(); ++i) {
    if (Equal(rt, self.items()[i], bound[0])) return Value::Int(static_cast<int64_t>(i));
  }
  return rt.Error("ValueError: the value is not in the list");
}

constexpr NativeEntry kDictMethods[] = {
    {"copy", CopyMethod},
    {"get", GetMethod},
    {"items", ViewMethod<Sequence::Kind::kItems>},
    {"keys", ViewMethod<Sequence::Kind::kKeys>},
    {"values", ViewMethod<Sequence::Kind::kValues>},
};

constexpr NativeEntry kListMethods[] = {
    {"copy", CopyMethod},
    {"count", CountItemsMethod},
    {"index", IndexOfItemMethod},
};

Native FindIn(const Value& object, std::string_view name) {
  if (object.is_string()) return FindNative(kTextMethods, name);
  if (object.is_dict()) return FindNative(kDictMethods, name);
  if (object.is_sequence() && object.sequence().kind <= Sequence::Kind::kTuple) {
    return FindNative(kListMethods, name);
  }
  return nullptr;
}

}  // namespace

Value FindMethod(Runtime& rt, const Value& object, std::string_view name) {
  if (object.is_object()) return ObjectAttribute(rt, object, name);
  const Native found = FindIn(object, name);
  return found ? BindMethod(rt, object, found) : Value();
}

bool IsMutatingMethod(const Value& object, std::string_view name) {
  constexpr std::string_view kOfLists[] = {"append", "clear",  "extend",  "insert",
                                           "pop",    "remove", "reverse", "sort"};
  constexpr std::string_view kOfDicts[] = {"clear", "pop", "popitem", "setdefault", "update"};
  if (object.is_dict()) return std::ranges::find(kOfDicts, name) != std::end(kOfDicts);
  return object.is_sequence() && object.sequence().kind == Sequence::Kind::kList &&
         std::ranges::find(kOfLists, name) != std::end(kOfLists);
}

}  // namespace pano::jinja
