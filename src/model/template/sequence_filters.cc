#include <algorithm>

#include "base/strings.h"
#include "model/template/access.h"
#include "model/template/filters.h"
#include "model/template/operators.h"
#include "model/template/printing.h"
#include "model/template/sorting.h"
#include "model/template/string_operations.h"

namespace pano::jinja {
namespace {

// What an item is compared by: itself or what `attribute` leads to, strings in lower case unless
// the case counts.
Value SortKey(Runtime& rt, const Value& item, const Value& attribute, bool case_sensitive) {
  Value key = item;
  if (attribute.is_string() && attribute.bytes().find(',') != std::string_view::npos) {
    std::vector<Value> keys;
    for (const std::string_view part : Split(attribute.bytes(), ',')) {
      keys.push_back(SortKey(rt, item, rt.String(part), case_sensitive));
      if (rt.failed()) return {};
    }
    return rt.Tuple(std::move(keys));
  }
  if (!attribute.is_nothing() && !attribute.is_none()) key = GetPath(rt, item, attribute);
  if (rt.failed() || !key.is_string() || case_sensitive) return key;
  return ChangeCase(rt, key, Case::kLower);
}

using Keyed = std::pair<Value, Value>;  // key, item

std::vector<Keyed> KeyItems(Runtime& rt, const Value& items, const Value& attribute,
                            bool case_sensitive) {
  std::vector<Keyed> out;
  if (!rt.Affordable(items.items().size() * sizeof(Keyed))) return out;
  for (const Value& item : items.items()) {
    if (!rt.Step()) break;
    out.emplace_back(SortKey(rt, item, attribute, case_sensitive), item);
    if (rt.failed()) break;
  }
  return out;
}

void SortByKey(Runtime& rt, std::vector<Keyed>& items, bool reverse) {
  SortStable(rt, items, [&](Runtime&, const Keyed& a, const Keyed& b) {
    return Ordered(rt, reverse ? Operator::kGreater : Operator::kLess, a.first, b.first);
  });
}

std::vector<Value> ItemsOf(std::vector<Keyed> keyed) {
  std::vector<Value> out;
  out.reserve(keyed.size());
  for (Keyed& each : keyed) out.push_back(std::move(each.second));
  return out;
}

Value SortFilter(Runtime& rt, const Value& self, const CallArguments& arguments) {
  const Bound bound(rt, "sort", arguments, {"reverse", "case_sensitive", "attribute"});
  const Value items = rt.failed() ? Value() : ToSequence(rt, self);
  if (rt.failed()) return {};
  std::vector<Keyed> keyed = KeyItems(rt, items, bound[2], bound.Boolean(1, false));
  SortByKey(rt, keyed, bound.Boolean(0, false));
  return rt.failed() ? Value() : rt.List(ItemsOf(std::move(keyed)));
}

Value DictsortFilter(Runtime& rt, const Value& self, const CallArguments& arguments) {
  const Bound bound(rt, "dictsort", arguments, {"case_sensitive", "by", "reverse"});
  const std::string_view by = bound.String(1) ? bound.String(1)->bytes() : "key";
  if (rt.failed()) return {};
  if (self.is_undefined()) return rt.UseOfUndefined(self);
  if (!self.is_dict())
    return rt.Error(StrCat("'", self.type_name(), "' object has no attribute 'items'"));
  if (by != "key" && by != "value")
    return rt.Raise("You can only sort by either \"key\" or \"value\"");
  std::vector<Value> pairs;
  for (const auto& [key, value] : self.dict().entries()) {
    pairs.push_back(rt.Tuple({key, value}));
    if (rt.failed()) return {};
  }
  const Value items = rt.List(std::move(pairs));
  if (rt.failed()) return {};
  std::vector<Keyed> keyed =
      KeyItems(rt, items, Value::Int(by == "key" ? 0 : 1), bound.Boolean(0, false));
  SortByKey(rt, keyed, bound.Boolean(2, false));
  return rt.failed() ? Value() : rt.List(ItemsOf(std::move(keyed)));
}

template <bool kMax>
Value ExtremeFilter(Runtime& rt, const Value& self, const CallArguments& arguments) {
  const Bound bound(rt, kMax ? "max" : "min", arguments, {"case_sensitive", "attribute"});
  const Value items = rt.failed() ? Value() : ToSequence(rt, self);
  if (rt.failed()) return {};
  if (items.items().empty()) return rt.Undefined("No aggregated item, sequence was empty.");
  const std::vector<Keyed> keyed = KeyItems(rt, items, bound[1], bound.Boolean(0, false));
  size_t best = 0;
  for (size_t i = 1; i < keyed.size() && !rt.failed(); ++i) {
    if (Ordered(rt, kMax ? Operator::kGreater : Operator::kLess, keyed[i].first, keyed[best].first))
      best = i;
  }
  return rt.failed() ? Value() : keyed[best].second;
}

Value UniqueFilter(Runtime& rt, const Value& self, const CallArguments& arguments) {
  const Bound bound(rt, "unique", arguments, {"case_sensitive", "attribute"});
  const Value items = rt.failed() ? Value() : ToSequence(rt, self);
  if (rt.failed()) return {};
  Dict seen;
  std::vector<Value> out;
  for (auto& [key, item] : KeyItems(rt, items, bound[1], bound.Boolean(0, false))) {
    if (rt.failed()) return {};
    if (!Hashable(key)) return rt.TypeError(StrCat("unhashable type: '", key.type_name(), "'"));
    if (!rt.Key(key)) return {};
    if (seen.Find(key)) continue;
    seen.Set(key, Value::None());
    out.push_back(item);
  }
  return rt.Generator(std::move(out));
}

Value GroupbyFilter(Runtime& rt, const Value& self, const CallArguments& arguments) {
  const Bound bound(rt, "groupby", arguments, {"attribute", "default", "case_sensitive"}, 1);
  const Value items = rt.failed() ? Value() : ToSequence(rt, self);
  if (rt.failed()) return {};
  std::vector<Keyed> keyed = KeyItems(rt, items, bound[0], bound.Boolean(2, false));
  for (Keyed& each : keyed) {
    if (each.first.is_undefined() && !bound[1].is_nothing()) each.first = bound[1];
  }
  SortByKey(rt, keyed, false);
  std::vector<Value> out;
  for (size_t begin = 0; begin < keyed.size() && !rt.failed();) {
    size_t end = begin;
    std::vector<Value> group;
    while (end < keyed.size() && Equal(rt, keyed[begin].first, keyed[end].first))
      group.push_back(keyed[end++].second);
    if (end == begin) break;
    out.push_back(rt.Tuple({keyed[begin].first, rt.List(std::move(group))}));
    begin = end;
  }
  return rt.failed() ? Value() : rt.List(std::move(out));
}

Value SumFilter(Runtime& rt, const Value& self, const CallArguments& arguments) {
  const Bound bound(rt, "sum", arguments, {"attribute", "start"});
  const Value items = rt.failed() ? Value() : ToSequence(rt, self);
  if (rt.failed()) return {};
  Value sum = bound[1].is_nothing() ? Value::Int(0) : bound[1];
  for (const auto& [key, item] : KeyItems(rt, items, bound[0], true)) {
    if (rt.failed()) return {};
    sum = Arithmetic(rt, Operator::kAdd, sum, key);
  }
  return sum;
}

CallArguments WithoutFirst(Runtime& rt, const CallArguments& arguments) {
  if (!rt.Step(arguments.positional.size() / 8 + arguments.keywords.size())) return {};
  return {{arguments.positional.begin() + 1, arguments.positional.end()}, arguments.keywords};
}

// Jinja's map and select take anything that is false, none too, for an empty list.
Value ItemsIfAny(Runtime& rt, const Value& v) {
  return Truthy(v) ? ToSequence(rt, v) : rt.List({});
}

Value MapFilter(Runtime& rt, const Value& self, const CallArguments& arguments) {
  const bool by_attribute = arguments.positional.empty();
  const Bound bound(rt, "map", by_attribute ? arguments : CallArguments(),
                    {"attribute", "default"});
  if (rt.failed() || (by_attribute && bound[0].is_nothing()) ||
      (!by_attribute && !arguments.positional[0].is_string())) {
    return rt.failed() ? Value() : rt.Raise("map requires a filter argument");
  }
  const Value items = ItemsIfAny(rt, self);
  if (rt.failed()) return {};
  const CallArguments rest = by_attribute ? CallArguments() : WithoutFirst(rt, arguments);
  std::vector<Value> out;
  for (const Value& item : items.items()) {
    if (!rt.Step()) return {};
    Value mapped = by_attribute ? GetPath(rt, item, bound[0])
                                : ApplyFilter(rt, arguments.positional[0].bytes(), item, rest);
    if (by_attribute && mapped.is_undefined() && !bound[1].is_nothing()) mapped = bound[1];
    if (rt.failed()) return {};
    out.push_back(std::move(mapped));
  }
  return rt.Generator(std::move(out));
}

template <bool kKeep, bool kAttribute>
Value SelectFilter(Runtime& rt, const Value& self, const CallArguments& arguments) {
  if (kAttribute && arguments.positional.empty())
    return rt.Raise("Missing parameter for attribute name");
  const Value attribute = kAttribute ? arguments.positional[0] : Value();
  const CallArguments test = kAttribute ? WithoutFirst(rt, arguments) : arguments;
  if (rt.failed()) return {};
  const bool named = !test.positional.empty();
  if (named && !test.positional[0].is_string())
    return rt.TypeError("the name of a test is a string");
  const CallArguments rest = named ? WithoutFirst(rt, test) : CallArguments();
  const Value items = ItemsIfAny(rt, self);
  if (rt.failed()) return {};
  std::vector<Value> out;
  for (const Value& item : items.items()) {
    const Value subject = kAttribute ? GetPath(rt, item, attribute) : item;
    const bool holds =
        named ? ApplyTest(rt, test.positional[0].bytes(), subject, rest) : Truthy(subject);
    if (!rt.Step()) return {};
    if (holds == kKeep) out.push_back(item);
  }
  return rt.Generator(std::move(out));
}

Value JoinFilter(Runtime& rt, const Value& self, const CallArguments& arguments) {
  const Bound bound(rt, "join", arguments, {"d", "attribute"});
  const Value items = rt.failed() ? Value() : ToSequence(rt, self);
  const Value separator = bound[0].is_nothing() ? rt.String("") : Str(rt, bound[0]);
  if (rt.failed()) return {};
  if (bound[1].is_nothing() || bound[1].is_none()) return Join(rt, separator, items.items());
  std::vector<Value> parts;
  for (const Value& item : items.items()) {
    parts.push_back(GetPath(rt, item, bound[1]));
    if (rt.failed()) return {};
  }
  return Join(rt, separator, parts);
}

Value LengthFilter(Runtime& rt, const Value& self, const CallArguments& arguments) {
  const Bound bound(rt, "length", arguments, {});
  const size_t length = Length(rt, self);
  return rt.failed() ? Value() : Value::Int(static_cast<int64_t>(length));
}

template <bool kLast>
Value EndFilter(Runtime& rt, const Value& self, const CallArguments& arguments) {
  const Bound bound(rt, kLast ? "last" : "first", arguments, {});
  if (self.is_string() && !self.bytes().empty())
    return GetItem(rt, self, Value::Int(kLast ? -1 : 0));
  const Value items = ToSequence(rt, self);
  if (rt.failed()) return {};
  if (items.items().empty())
    return rt.Undefined(StrCat("No ", kLast ? "last" : "first", " item, sequence was empty."));
  return kLast ? items.items().back() : items.items().front();
}

Value ListFilter(Runtime& rt, const Value& self, const CallArguments& arguments) {
  const Bound bound(rt, "list", arguments, {});
  const Value items = rt.failed() ? Value() : ToSequence(rt, self);
  if (rt.failed() || items.sequence().kind == Sequence::Kind::kList) return items;
  return rt.Affordable(items.items().size() * sizeof(Value)) ? rt.List(items.items()) : Value();
}

Value ReverseFilter(Runtime& rt, const Value& self, const CallArguments& arguments) {
  const Bound bound(rt, "reverse", arguments, {});
  if (self.is_string()) return Reverse(rt, self);
  const Value items = rt.failed() ? Value() : ToSequence(rt, self);
  if (rt.failed() || !rt.Affordable(items.items().size() * sizeof(Value))) return {};
  return rt.Generator({items.items().rbegin(), items.items().rend()});
}

Value ItemsFilter(Runtime& rt, const Value& self, const CallArguments& arguments) {
  const Bound bound(rt, "items", arguments, {});
  if (self.is_undefined()) return rt.Generator({});
  if (!self.is_dict()) return rt.TypeError("Can only get item pairs from a mapping.");
  std::vector<Value> out;
  for (const auto& [key, value] : self.dict().entries()) {
    out.push_back(rt.Tuple({key, value}));
    if (rt.failed()) return {};
  }
  return rt.Generator(std::move(out));
}

Value BatchFilter(Runtime& rt, const Value& self, const CallArguments& arguments) {
  const Bound bound(rt, "batch", arguments, {"linecount", "fill_with"}, 1);
  const int64_t count = bound.Integer(0, 1);
  const Value items = rt.failed() ? Value() : ToSequence(rt, self);
  if (rt.failed()) return {};
  if (count <= 0) return rt.Error("ValueError: a batch has at least one item");
  const auto size = static_cast<size_t>(count);
  std::vector<Value> out;
  for (size_t begin = 0; begin < items.items().size() && !rt.failed();) {
    const size_t end = begin + std::min(size, items.items().size() - begin);
    std::vector<Value> row(items.items().begin() + static_cast<ptrdiff_t>(begin),
                           items.items().begin() + static_cast<ptrdiff_t>(end));
    const bool fill = !bound[1].is_nothing() && !bound[1].is_none();
    if (fill && (size > rt.limits().memory_bytes_max || !rt.Affordable(size * sizeof(Value)))) {
      return rt.Exhausted("memory");
    }
    if (fill) row.resize(size, bound[1]);
    out.push_back(rt.List(std::move(row)));
    begin = end;
  }
  return rt.Generator(std::move(out));
}

Value SliceFilter(Runtime& rt, const Value& self, const CallArguments& arguments) {
  const Bound bound(rt, "slice", arguments, {"slices", "fill_with"}, 1);
  const int64_t slices = bound.Integer(0, 1);
  const Value items = rt.failed() ? Value() : ToSequence(rt, self);
  if (rt.failed()) return {};
  if (slices <= 0) return rt.Error("ZeroDivisionError: integer division or modulo by zero");
  const auto count = static_cast<size_t>(slices);
  const std::vector<Value>& all = items.items();
  const size_t extra = all.size() % count;
  std::vector<Value> out;
  size_t begin = 0;
  for (size_t i = 0; i < count && rt.Step(); ++i) {
    const size_t end = begin + all.size() / count + (i < extra ? 1 : 0);
    std::vector<Value> column(all.begin() + static_cast<ptrdiff_t>(begin),
                              all.begin() + static_cast<ptrdiff_t>(end));
    const bool fill = !bound[1].is_nothing() && !bound[1].is_none() && i >= extra;
    if (fill) column.push_back(bound[1]);
    out.push_back(rt.List(std::move(column)));
    begin = end;
  }
  return rt.Generator(std::move(out));
}

constexpr NativeEntry kFilters[] = {
    {"batch", BatchFilter},
    {"count", LengthFilter},
    {"dictsort", DictsortFilter},
    {"first", EndFilter<false>},
    {"groupby", GroupbyFilter},
    {"items", ItemsFilter},
    {"join", JoinFilter},
    {"last", EndFilter<true>},
    {"length", LengthFilter},
    {"list", ListFilter},
    {"map", MapFilter},
    {"max", ExtremeFilter<true>},
    {"min", ExtremeFilter<false>},
    {"reject", SelectFilter<false, false>},
    {"rejectattr", SelectFilter<false, true>},
    {"reverse", ReverseFilter},
    {"select", SelectFilter<true, false>},
    {"selectattr", SelectFilter<true, true>},
    {"slice", SliceFilter},
    {"sort", SortFilter},
    {"sum", SumFilter},
    {"unique", UniqueFilter},
};

}  // namespace

Native FindSequenceFilter(std::string_view name) { return FindNative(kFilters, name); }

}  // namespace pano::jinja
