#include "model/grammar/json_schema/value_algebra.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <type_traits>
#include <unordered_map>
#include <utility>

#include "base/strings.h"
#include "model/grammar/json_schema/schema_document.h"

namespace pano::grammar {
namespace {

// Alternatives of one type that one value may have after combining; an enum may list more.
constexpr size_t kAlternativesMax = 256;

Status NotExpressible(std::string_view what) {
  return Unimplemented(StrCat("its opposite would have to say that ", what))
      .WithReason(kNotExpressible);
}

// Evidently without members; what hides in children is not looked at.
bool Impossible(const ArraySet& set) {
  if (set.max && *set.max < set.min) return true;
  for (size_t i = 0; i < set.min && i < set.prefix.size(); ++i) {
    if (set.prefix[i] == kFalse) return true;
  }
  return set.min > set.prefix.size() && set.rest == kFalse;
}

bool Impossible(const ObjectSet& set) {
  if (set.max && *set.max < set.min) return true;
  uint64_t required = 0;
  for (const ObjectSet::Property& property : set.properties) {
    if (!property.required) continue;
    if (property.value == kFalse) return true;
    ++required;
  }
  return set.max && required > *set.max;
}

// What a copy costs.
size_t SizeOf(const NumberSet& set) { return 1 + set.multiples.size(); }
size_t SizeOf(const ArraySet& set) { return 1 + set.prefix.size() + set.contains.size(); }
size_t SizeOf(const ObjectSet& set) { return 1 + set.properties.size() + set.others.size(); }

template <typename Bound>
std::optional<Bound> SmallerMax(const std::optional<Bound>& a, const std::optional<Bound>& b) {
  if (!a) return b;
  if (!b) return a;
  return std::min(*a, *b);
}

}  // namespace

Formula ObjectSet::Other(const std::string& name) const {
  if (others.size() == 1) return others[0].value;
  for (const Others& other : others) {
    if (other.names.Accepts(name)) return other.value;
  }
  return kFalse;
}

ValueSet ValueSet::All() {
  ValueSet out;
  out.null = out.yes = out.no = true;
  out.numbers = {NumberSet()};
  out.strings = StringSet();
  out.arrays = {ArraySet()};
  out.objects = {ObjectSet()};
  return out;
}

Status ValueAlgebra::CheckCount(size_t alternatives) const {
  if (alternatives <= kAlternativesMax) return OkStatus();
  return Status(StatusCode::kExhausted,
                StrCat("its alternatives combine to more than ", kAlternativesMax))
      .WithReason("too_complex");
}

Result<ArraySet> ValueAlgebra::Intersect(const ArraySet& a, const ArraySet& b) {
  ArraySet out;
  const size_t count = std::max(a.prefix.size(), b.prefix.size());
  PANO_RETURN_IF_ERROR(budget_.Spend(count + 1, "combined arrays"));
  for (size_t i = 0; i < count; ++i)
    out.prefix.push_back(formulas_.And(a.Element(i), b.Element(i)));
  out.rest = formulas_.And(a.rest, b.rest);
  out.min = std::max(a.min, b.min);
  out.max = SmallerMax(a.max, b.max);
  out.unique = a.unique || b.unique;
  out.contains = a.contains;
  for (const ArraySet::Contains& more : b.contains) {
    if (std::find(out.contains.begin(), out.contains.end(), more) == out.contains.end()) {
      out.contains.push_back(more);
    }
  }
  return out;
}

Result<ObjectSet> ValueAlgebra::Intersect(const ObjectSet& a, const ObjectSet& b) {
  ObjectSet out;
  out.min = std::max(a.min, b.min);
  out.max = SmallerMax(a.max, b.max);
  out.others.clear();
  for (const ObjectSet::Others& left : a.others) {
    for (const ObjectSet::Others& right : b.others) {
      PANO_ASSIGN_OR_RETURN(Dfa names, pano::grammar::Intersect(left.names, right.names, budget_));
      if (!names.empty())
        out.others.push_back({std::move(names), formulas_.And(left.value, right.value)});
    }
  }
  PANO_RETURN_IF_ERROR(CheckCount(out.others.size()));
  PANO_RETURN_IF_ERROR(
      budget_.Spend(a.properties.size() + b.properties.size(), "combined objects"));
  std::unordered_map<std::string_view, const ObjectSet::Property*> in_b;
  for (const ObjectSet::Property& property : b.properties) in_b[property.name] = &property;
  std::set<std::string_view> in_a;
  for (const ObjectSet::Property& property : a.properties) {
    in_a.insert(property.name);
    ObjectSet::Property& both = out.properties.emplace_back(property);
    const auto found = in_b.find(property.name);
    if (found == in_b.end()) {
      both.value = formulas_.And(property.value, b.Other(property.name));
      continue;
    }
    both.value = formulas_.And(property.value, found->second->value);
    both.required = property.required || found->second->required;
    both.declared = property.declared || found->second->declared;
  }
  for (const ObjectSet::Property& property : b.properties) {
    if (in_a.contains(property.name)) continue;
    ObjectSet::Property& both = out.properties.emplace_back(property);
    both.value = formulas_.And(a.Other(property.name), property.value);
  }
  std::stable_partition(out.properties.begin(), out.properties.end(),
                        [](const ObjectSet::Property& property) { return property.declared; });
  return out;
}

Result<ValueSet> ValueAlgebra::Intersect(const ValueSet& a, const ValueSet& b) {
  ValueSet out;
  out.null = a.null && b.null;
  out.yes = a.yes && b.yes;
  out.no = a.no && b.no;
  PANO_RETURN_IF_ERROR(budget_.Spend(a.numbers.size() * b.numbers.size(), "combined numbers"));
  for (const NumberSet& left : a.numbers) {
    for (const NumberSet& right : b.numbers) {
      if (auto both = pano::grammar::Intersect(left, right))
        out.numbers.push_back(std::move(*both));
    }
  }
  PANO_ASSIGN_OR_RETURN(out.strings, pano::grammar::Intersect(a.strings, b.strings, budget_));
  PANO_RETURN_IF_ERROR(budget_.Spend(a.arrays.size() * b.arrays.size(), "combined arrays"));
  for (const ArraySet& left : a.arrays) {
    for (const ArraySet& right : b.arrays) {
      PANO_ASSIGN_OR_RETURN(ArraySet both, Intersect(left, right));
      if (!Impossible(both)) out.arrays.push_back(std::move(both));
    }
  }
  PANO_RETURN_IF_ERROR(budget_.Spend(a.objects.size() * b.objects.size(), "combined objects"));
  for (const ObjectSet& left : a.objects) {
    for (const ObjectSet& right : b.objects) {
      PANO_ASSIGN_OR_RETURN(ObjectSet both, Intersect(left, right));
      if (!Impossible(both)) out.objects.push_back(std::move(both));
    }
  }
  const bool combined =
      a.arrays.size() + a.objects.size() > 2 && b.arrays.size() + b.objects.size() > 2;
  if (combined) PANO_RETURN_IF_ERROR(CheckCount(out.arrays.size() + out.objects.size()));
  PANO_RETURN_IF_ERROR(formulas_.status());
  return out;
}

// Adds `more` to a union, each once where the union is short.
template <typename Set>
Status ValueAlgebra::Append(const std::vector<Set>& more, std::vector<Set>& out) {
  constexpr size_t kLooked = 32;
  for (const Set& set : more) {
    PANO_RETURN_IF_ERROR(budget_.Spend(SizeOf(set), "alternatives"));
    const bool known = out.size() <= kLooked && std::find(out.begin(), out.end(), set) != out.end();
    if (!known) out.push_back(set);
  }
  return OkStatus();
}

Result<ValueSet> ValueAlgebra::Unite(ValueSet a, const ValueSet& b) {
  a.null |= b.null;
  a.yes |= b.yes;
  a.no |= b.no;
  PANO_ASSIGN_OR_RETURN(a.strings, pano::grammar::Unite(a.strings, b.strings, budget_));
  PANO_RETURN_IF_ERROR(Append(b.numbers, a.numbers));
  PANO_RETURN_IF_ERROR(Append(b.arrays, a.arrays));
  PANO_RETURN_IF_ERROR(Append(b.objects, a.objects));
  return a;
}

template <typename Set>
Status ValueAlgebra::AddBoth(const Set& a, const Set& b, std::vector<Set>& out) {
  PANO_ASSIGN_OR_RETURN(Set both, Intersect(a, b));
  if (!Impossible(both)) out.push_back(std::move(both));
  return OkStatus();
}

Result<std::vector<NumberSet>> ValueAlgebra::Less(const NumberSet& a, const NumberSet& b) {
  std::vector<NumberSet> out;
  for (const NumberSet& opposite : Complement(b)) {
    if (auto both = pano::grammar::Intersect(a, opposite)) out.push_back(std::move(*both));
  }
  return out;
}

Result<std::vector<ArraySet>> ValueAlgebra::Less(const ArraySet& a, const ArraySet& b) {
  std::vector<ArraySet> out;
  auto other_at = [&](size_t index) -> Status {
    ArraySet other;
    other.prefix.assign(index, kTrue);
    other.prefix.push_back(formulas_.Not(b.Element(index)));
    other.min = index + 1;
    return AddBoth(a, other, out);
  };
  ArraySet lengths;
  if (b.min > 0) {
    lengths.max = b.min - 1;
    PANO_RETURN_IF_ERROR(AddBoth(a, lengths, out));
  }
  if (b.max) {
    lengths = ArraySet();
    lengths.min = *b.max + 1;
    PANO_RETURN_IF_ERROR(AddBoth(a, lengths, out));
  }
  for (size_t i = 0; i < b.prefix.size(); ++i) {
    if (b.prefix[i] != kTrue) PANO_RETURN_IF_ERROR(other_at(i));
  }
  constexpr uint64_t kPlacesMax = 64;
  if (b.rest == kFalse) {
    lengths = ArraySet();
    lengths.min = b.prefix.size() + 1;
    PANO_RETURN_IF_ERROR(AddBoth(a, lengths, out));
  } else if (b.rest != kTrue && b.prefix.empty()) {
    ArraySet other;
    other.contains.push_back({formulas_.Not(b.rest), 1, std::nullopt});
    PANO_RETURN_IF_ERROR(AddBoth(a, other, out));
  } else if (b.rest != kTrue) {
    if (!a.max || *a.max > kPlacesMax)
      return NotExpressible("an element behind prefixItems is another");
    for (size_t i = b.prefix.size(); i < *a.max; ++i) PANO_RETURN_IF_ERROR(other_at(i));
  }
  if (b.unique && (!a.max || *a.max > 1)) return NotExpressible("two elements are equal");
  for (const ArraySet::Contains& contains : b.contains) {
    if (contains.min > 0) {
      ArraySet fewer;
      fewer.contains.push_back({contains.what, 0, contains.min - 1});
      PANO_RETURN_IF_ERROR(AddBoth(a, fewer, out));
    }
    if (contains.max) {
      ArraySet more;
      more.contains.push_back({contains.what, *contains.max + 1, std::nullopt});
      PANO_RETURN_IF_ERROR(AddBoth(a, more, out));
    }
  }
  return out;
}

Result<std::vector<ObjectSet>> ValueAlgebra::Less(const ObjectSet& a, const ObjectSet& b) {
  std::vector<ObjectSet> out;
  auto add = [&](const std::string& name, Formula value, bool required, bool declared) -> Status {
    PANO_RETURN_IF_ERROR(budget_.Spend(4, "differences of objects"));
    ObjectSet other;
    other.properties.push_back({name, value, required, declared});
    return AddBoth(a, other, out);
  };
  std::set<std::string_view> in_b;
  for (const ObjectSet::Property& property : b.properties) {
    in_b.insert(property.name);
    if (property.required)
      PANO_RETURN_IF_ERROR(add(property.name, kFalse, false, property.declared));
    if (property.value != kTrue) {
      PANO_RETURN_IF_ERROR(
          add(property.name, formulas_.Not(property.value), true, property.declared));
    }
  }
  // Names that are none of b's: those that `a` declares can be told one by one.
  for (const ObjectSet::Property& property : a.properties) {
    if (in_b.contains(property.name)) continue;
    const Formula value = b.Other(property.name);
    if (value != kTrue) {
      PANO_RETURN_IF_ERROR(add(property.name, formulas_.Not(value), true, property.declared));
    }
  }
  for (const ObjectSet::Others& left : a.others) {
    for (const ObjectSet::Others& right : b.others) {
      if (formulas_.And(left.value, formulas_.Not(right.value)) == kFalse) continue;
      PANO_ASSIGN_OR_RETURN(const Dfa names,
                            pano::grammar::Intersect(left.names, right.names, budget_));
      if (names.empty()) continue;
      return NotExpressible("a property beside those that are named has another value");
    }
  }
  if (b.min > 0) {
    ObjectSet fewer;
    fewer.max = b.min - 1;
    PANO_RETURN_IF_ERROR(AddBoth(a, fewer, out));
  }
  if (b.max) {
    ObjectSet more;
    more.min = *b.max + 1;
    PANO_RETURN_IF_ERROR(AddBoth(a, more, out));
  }
  return out;
}

template <typename Set>
Result<std::vector<Set>> ValueAlgebra::LessAll(std::vector<Set> from,
                                               const std::vector<Set>& sets) {
  for (const Set& set : sets) {
    PANO_RETURN_IF_ERROR(budget_.Spend(from.size() + 1, "differences of alternatives"));
    std::vector<Set> left;
    for (const Set& one : from) {
      PANO_ASSIGN_OR_RETURN(std::vector<Set> some, Less(one, set));
      left.insert(left.end(), std::make_move_iterator(some.begin()),
                  std::make_move_iterator(some.end()));
    }
    if constexpr (!std::is_same_v<Set, NumberSet>) PANO_RETURN_IF_ERROR(CheckCount(left.size()));
    from = std::move(left);
  }
  return from;
}

Result<ValueSet> ValueAlgebra::Subtract(const ValueSet& a, const ValueSet& b) {
  ValueSet out;
  out.null = a.null && !b.null;
  out.yes = a.yes && !b.yes;
  out.no = a.no && !b.no;
  PANO_ASSIGN_OR_RETURN(out.numbers, LessAll(a.numbers, b.numbers));
  PANO_ASSIGN_OR_RETURN(const bool no_strings, a.strings.IsEmpty(budget_));
  if (!no_strings) {
    PANO_ASSIGN_OR_RETURN(const StringSet others, pano::grammar::Complement(b.strings, budget_));
    PANO_ASSIGN_OR_RETURN(out.strings, pano::grammar::Intersect(a.strings, others, budget_));
  }
  PANO_ASSIGN_OR_RETURN(out.arrays, LessAll(a.arrays, b.arrays));
  PANO_ASSIGN_OR_RETURN(out.objects, LessAll(a.objects, b.objects));
  PANO_RETURN_IF_ERROR(formulas_.status());
  return out;
}

Result<ValueSet> ValueAlgebra::Constant(const json::Value& value) {
  ValueSet out;
  if (value.is_null()) {
    out.null = true;
  } else if (value.is_bool()) {
    (value.as_bool() ? out.yes : out.no) = true;
  } else if (value.is_number()) {
    const std::optional<Decimal> number = Decimal::Of(value);
    if (!number) return InvalidArgument("a constant number from 2^63 on is not kept exactly");
    NumberSet& point = out.numbers.emplace_back(NumberSet::Point(*number));
    // What the schema writes as an integer, typed readers take as one only where it has no point.
    if (value.is_int()) point.kind = NumberSet::Kind::kInteger;
  } else if (value.is_string()) {
    out.strings = StringSet::Of({value.as_string()});
  } else if (value.is_array()) {
    ArraySet& set = out.arrays.emplace_back();
    for (const json::Value& element : value.as_array())
      set.prefix.push_back(formulas_.Constant(element));
    set.rest = kFalse;
    set.min = set.prefix.size();
    set.max = set.min;
  } else {
    ObjectSet& set = out.objects.emplace_back();
    for (const auto* member : LastMembers(value.as_object())) {
      set.properties.push_back({member->first, formulas_.Constant(member->second), true, true});
    }
    set.others[0].value = kFalse;
  }
  PANO_RETURN_IF_ERROR(formulas_.status());
  return out;
}

}  // namespace pano::grammar
