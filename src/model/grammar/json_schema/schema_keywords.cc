// Keywords of JSON Schema draft 2020-12 that speak of one value: types, numbers, strings, arrays
// and objects, and which keywords are known at all.
#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <set>
#include <utility>

#include "base/strings.h"
#include "model/grammar/json_schema/schema_evaluator.h"
#include "model/grammar/json_schema/string_formats.h"
#include "model/grammar/regex/nfa.h"

namespace pano::grammar {
namespace {

// More than any output holds; a larger maximum is lowered to it.
constexpr uint64_t kCountMax = 1 << 20;

bool HoldsReference(const json::Value& value) {
  if (value.is_array())
    return std::any_of(value.as_array().begin(), value.as_array().end(), HoldsReference);
  if (!value.is_object()) return false;
  return std::any_of(value.as_object().begin(), value.as_object().end(), [](const auto& member) {
    return member.first == "$ref" || HoldsReference(member.second);
  });
}

// A number that is not negative and whole: 3, also written 3.0.
Result<std::optional<uint64_t>> CountOf(const json::Value* value, const std::string& place,
                                        std::string_view keyword) {
  if (value == nullptr) return std::optional<uint64_t>();
  const bool whole = value->is_int() ||
                     (value->is_double() && std::floor(value->as_double()) == value->as_double());
  if (!whole || value->as_double() < 0) {
    return WrongKeyword(place, keyword, "must be a whole number that is not negative");
  }
  const double huge = static_cast<double>(uint64_t{1} << 62);
  return std::optional<uint64_t>(static_cast<uint64_t>(std::min(value->as_double(), huge)));
}

struct CountRange {
  uint64_t min = 0;
  std::optional<uint64_t> max;
};

Result<CountRange> CountRangeOf(const json::Value& schema, const std::string& place,
                                std::string_view min, std::string_view max) {
  CountRange out;
  PANO_ASSIGN_OR_RETURN(const std::optional<uint64_t> low, CountOf(schema.Find(min), place, min));
  PANO_ASSIGN_OR_RETURN(out.max, CountOf(schema.Find(max), place, max));
  out.min = low.value_or(0);
  if (out.min > kCountMax) {
    return UnsupportedKeyword(place, min, StrCat("it asks for more than ", kCountMax));
  }
  if (out.max) out.max = std::min(*out.max, kCountMax);
  return out;
}

}  // namespace

Status SchemaEvaluator::CheckKeywords(const Schema& schema) const {
  for (std::string_view keyword : {"$dynamicRef", "$recursiveRef"}) {
    if (schema.Find(keyword)) {
      return UnsupportedKeyword(schema.place, keyword, "only $ref is followed");
    }
  }
  if (const json::Value* id = schema.Find("$id");
      id != nullptr && &schema.value != &document_.root()) {
    if (id->is_string() && HoldsReference(schema.value)) {
      return UnsupportedKeyword(schema.place, "$id", "references below it would be relative to it");
    }
  }
  if (const json::Value* vocabulary = schema.Find("$vocabulary")) {
    if (vocabulary->is_object())
      return UnsupportedKeyword(schema.place, "$vocabulary", "it is no schema of values");
  }
  // What is left over depends on the keywords beside: without any that apply schemas to the same
  // value it is what `items` speaks of.
  const json::Value* left_over = schema.Find("unevaluatedItems");
  if (left_over == nullptr || (left_over->is_bool() && left_over->as_bool())) return OkStatus();
  for (std::string_view beside : {"$ref", "allOf", "anyOf", "oneOf", "not", "if",
                                  "dependentSchemas", "dependencies", "contains"}) {
    if (schema.Find(beside)) {
      return UnsupportedKeyword(schema.place, "unevaluatedItems",
                                StrCat("it stands beside '", beside, "'"));
    }
  }
  return OkStatus();
}

Result<ValueSet> SchemaEvaluator::OfTypes(const Schema& schema) {
  ValueSet all = ValueSet::All();
  bool integers = true, numbers = true, strings = true, arrays = true, objects = true;
  if (const json::Value* type = schema.Find("type")) {
    json::Array one;
    if (type->is_string()) one.push_back(*type);
    const json::Array& names = type->is_array() ? type->as_array() : one;
    if (names.empty())
      return WrongKeyword(schema.place, "type", "must be a name or an array of names");
    all.null = all.yes = all.no = false;
    integers = numbers = strings = arrays = objects = false;
    for (const json::Value& name : names) {
      const std::string text = name.is_string() ? name.as_string() : "";
      if (text == "null") {
        all.null = true;
      } else if (text == "boolean") {
        all.yes = all.no = true;
      } else if (text == "integer") {
        integers = true;
      } else if (text == "number") {
        numbers = true;
      } else if (text == "string") {
        strings = true;
      } else if (text == "array") {
        arrays = true;
      } else if (text == "object") {
        objects = true;
      } else {
        return WrongKeyword(schema.place, "type",
                            StrCat("names '", Printable(text), "', which is no type"));
      }
    }
  }
  all.numbers.clear();
  if (numbers || integers) {
    PANO_ASSIGN_OR_RETURN(NumberSet set, OfNumbers(schema));
    if (!numbers) set.kind = NumberSet::Kind::kInteger;
    if (!set.impossible()) all.numbers.push_back(std::move(set));
  }
  all.strings = StringSet::None();
  if (strings) {
    PANO_ASSIGN_OR_RETURN(all.strings, OfStrings(schema));
  }
  all.arrays.clear();
  if (arrays) {
    PANO_ASSIGN_OR_RETURN(all.arrays.emplace_back(), OfArrays(schema));
  }
  all.objects.clear();
  if (objects) {
    PANO_ASSIGN_OR_RETURN(all.objects.emplace_back(), OfObjects(schema));
  }
  PANO_RETURN_IF_ERROR(formulas_.status());
  return all;
}

Result<NumberSet> SchemaEvaluator::OfNumbers(const Schema& schema) {
  NumberSet out;
  struct BoundKeyword {
    std::string_view name;
    bool low;
    bool exclusive;
  };
  for (const BoundKeyword& keyword : {BoundKeyword{"minimum", true, false},
                                      {"exclusiveMinimum", true, true},
                                      {"maximum", false, false},
                                      {"exclusiveMaximum", false, true}}) {
    const json::Value* value = schema.Find(keyword.name);
    if (value == nullptr) continue;
    if (!value->is_number()) return WrongKeyword(schema.place, keyword.name, "must be a number");
    NumberSet bounded;
    (keyword.low ? bounded.low : bounded.high) =
        NumberBound{Decimal::BoundOf(*value, keyword.low), keyword.exclusive};
    const std::optional<NumberSet> both = Intersect(out, bounded);
    if (!both) {
      // Nothing is left: an interval without members says so.
      out.low = NumberBound{Decimal::Of(int64_t{1})};
      out.high = NumberBound{Decimal::Of(int64_t{0})};
      return out;
    }
    out = *both;
  }
  if (const json::Value* step = schema.Find("multipleOf")) {
    if (!step->is_number() || step->as_double() <= 0) {
      return WrongKeyword(schema.place, "multipleOf", "must be a number above zero");
    }
    const std::optional<Decimal> exact = Decimal::Of(*step);
    if (!exact) return UnsupportedKeyword(schema.place, "multipleOf", "it is too large");
    const Result<Dfa> texts = NumberTexts({NumberSet::Kind::kAny, {}, {}, {*exact}, {}}, budget_);
    if (!texts.ok()) return UnsupportedKeyword(schema.place, "multipleOf", texts.error().message());
    out.multiples.push_back(*exact);
  }
  return out;
}

Result<Dfa> SchemaEvaluator::Pattern(const std::string& source, const Schema& schema,
                                     std::string_view keyword) {
  const auto known = patterns_.find(source);
  if (known != patterns_.end()) return known->second;
  Result<Dfa> dfa = CompileRegexDfa(source, RegexDialect::kEcma, /*search=*/true, budget_);
  if (!dfa.ok()) {
    const Status& error = dfa.error();
    if (error.code() == StatusCode::kInvalidArgument) {
      return WrongKeyword(schema.place, keyword,
                          StrCat("is no regular expression: ", error.message()));
    }
    return UnsupportedKeyword(schema.place, keyword, error.message());
  }
  patterns_.emplace(source, *dfa);
  return std::move(*dfa);
}

Result<StringSet> SchemaEvaluator::OfStrings(const Schema& schema) {
  PANO_ASSIGN_OR_RETURN(const CountRange length,
                        CountRangeOf(schema.value, schema.place, "minLength", "maxLength"));
  StringSet out = StringSet::OfLength(length.min, length.max);
  if (const json::Value* pattern = schema.Find("pattern")) {
    if (!pattern->is_string()) return WrongKeyword(schema.place, "pattern", "must be a string");
    PANO_ASSIGN_OR_RETURN(Dfa letters, Pattern(pattern->as_string(), schema, "pattern"));
    PANO_ASSIGN_OR_RETURN(out, Intersect(out, StringSet(std::move(letters)), budget_));
  }
  if (const json::Value* format = schema.Find("format")) {
    if (!format->is_string()) return WrongKeyword(schema.place, "format", "must be a string");
    switch (KindOfFormat(format->as_string())) {
      case FormatKind::kAnnotation:
        break;
      case FormatKind::kUnsupported:
        return UnsupportedKeyword(schema.place, "format",
                                  StrCat("'", format->as_string(),
                                         "' is a format of the specification "
                                         "that is not kept here"));
      case FormatKind::kEnforced: {
        PANO_ASSIGN_OR_RETURN(const StringSet strings,
                              StringsOfFormat(format->as_string(), budget_));
        PANO_ASSIGN_OR_RETURN(out, Intersect(out, strings, budget_));
      }
    }
  }
  return out;
}

Result<ArraySet> SchemaEvaluator::OfArrays(const Schema& schema) {
  ArraySet out;
  PANO_ASSIGN_OR_RETURN(const CountRange length,
                        CountRangeOf(schema.value, schema.place, "minItems", "maxItems"));
  out.min = length.min;
  out.max = length.max;
  const json::Value* items = schema.Find("items");
  const json::Value* prefix = schema.Find("prefixItems");
  std::string_view rest_keyword = "items";
  if (prefix != nullptr) {
    PANO_ASSIGN_OR_RETURN(out.prefix, Children(schema, "prefixItems"));
  } else if (items != nullptr && items->is_array()) {
    // Drafts before 2020-12 wrote prefixItems so, with additionalItems behind.
    if (!items->as_array().empty()) {
      PANO_ASSIGN_OR_RETURN(out.prefix, Children(schema, "items"));
    }
    rest_keyword = "additionalItems";
  }
  const json::Value* rest = schema.Find(rest_keyword);
  if (rest == nullptr) {
    rest_keyword = "unevaluatedItems";
    rest = schema.Find(rest_keyword);
  }
  if (rest != nullptr) {
    PANO_ASSIGN_OR_RETURN(out.rest, Child(schema, rest_keyword));
  }
  if (const json::Value* unique = schema.Find("uniqueItems")) {
    if (!unique->is_bool())
      return WrongKeyword(schema.place, "uniqueItems", "must be true or false");
    out.unique = unique->as_bool() && (!out.max || *out.max > 1);
  }
  if (schema.Find("contains")) {
    PANO_ASSIGN_OR_RETURN(const Formula what, Child(schema, "contains"));
    ArraySet::Contains contains{what, 1, std::nullopt};
    PANO_ASSIGN_OR_RETURN(const CountRange count,
                          CountRangeOf(schema.value, schema.place, "minContains", "maxContains"));
    if (schema.Find("minContains")) contains.min = count.min;
    contains.max = count.max;
    if (contains.min > 0 || contains.max) out.contains.push_back(contains);
  }
  return out;
}

// Parts the names by which patterns they match, so that each name has one condition.
Status SchemaEvaluator::SplitByPatterns(const Schema& schema, Formula additional, ObjectSet& set) {
  const json::Value* patterns = schema.Find("patternProperties");
  if (patterns == nullptr) {
    set.others = {{Dfa::Any(), additional}};
    return OkStatus();
  }
  if (!patterns->is_object())
    return WrongKeyword(schema.place, "patternProperties", "must be an object");
  const std::string place = PlaceOf(schema.place, "patternProperties");
  struct Part {
    Dfa names;
    Formula value;
    bool matched = false;
  };
  constexpr size_t kPartsMax = 64;
  std::vector<Part> parts = {{Dfa::Any(), kTrue, false}};
  for (const auto* member : LastMembers(patterns->as_object())) {
    const auto& [source, child] = *member;
    if (!child.is_object() && !child.is_bool())
      return WrongKeyword(place, source, "must be a schema");
    const Formula value = formulas_.Schema(child, PlaceOf(place, source));
    PANO_ASSIGN_OR_RETURN(const Dfa names, Pattern(source, schema, "patternProperties"));
    std::vector<Part> split;
    for (const Part& part : parts) {
      PANO_ASSIGN_OR_RETURN(Dfa inside, Intersect(part.names, names, budget_));
      PANO_ASSIGN_OR_RETURN(Dfa outside, Subtract(part.names, names, budget_));
      if (!inside.empty())
        split.push_back({std::move(inside), formulas_.And(part.value, value), true});
      if (!outside.empty()) split.push_back({std::move(outside), part.value, part.matched});
    }
    parts = std::move(split);
    if (parts.size() > kPartsMax) {
      return UnsupportedKeyword(schema.place, "patternProperties",
                                "its patterns overlap in too many ways");
    }
  }
  set.others.clear();
  for (Part& part : parts)
    set.others.push_back({std::move(part.names), part.matched ? part.value : additional});
  return OkStatus();
}

Status SchemaEvaluator::AddProperties(const Schema& schema, ObjectSet& set) {
  std::map<std::string_view, size_t> known;
  if (const json::Value* properties = schema.Find("properties")) {
    if (!properties->is_object())
      return WrongKeyword(schema.place, "properties", "must be an object");
    const std::string place = PlaceOf(schema.place, "properties");
    // Patterns hold for declared names too; what is additional does not.
    ObjectSet patterns;
    PANO_RETURN_IF_ERROR(SplitByPatterns(schema, kTrue, patterns));
    for (const auto* member : LastMembers(properties->as_object())) {
      const auto& [name, child] = *member;
      if (!child.is_object() && !child.is_bool())
        return WrongKeyword(place, name, "must be a schema");
      const Formula value =
          formulas_.And(formulas_.Schema(child, PlaceOf(place, name)), patterns.Other(name));
      known[name] = set.properties.size();
      set.properties.push_back({name, value, false, true});
    }
  }
  const json::Value* required = schema.Find("required");
  if (required == nullptr) return OkStatus();
  if (!required->is_array())
    return WrongKeyword(schema.place, "required", "must be an array of names");
  for (const json::Value& name : required->as_array()) {
    if (!name.is_string())
      return WrongKeyword(schema.place, "required", "must be an array of names");
    const auto [at, added] = known.try_emplace(name.as_string(), set.properties.size());
    if (added)
      set.properties.push_back({name.as_string(), set.Other(name.as_string()), true, false});
    set.properties[at->second].required = true;
  }
  return OkStatus();
}

// propertyNames: a name that it does not allow may hold nothing.
Status SchemaEvaluator::RestrictNames(const Schema& schema, ObjectSet& set) {
  PANO_ASSIGN_OR_RETURN(const Formula child, Child(schema, "propertyNames"));
  PANO_ASSIGN_OR_RETURN(const ValueSet* values, Evaluate(child));
  PANO_ASSIGN_OR_RETURN(const Dfa allowed, values->strings.ToDfa(budget_));
  for (ObjectSet::Property& property : set.properties) {
    if (!allowed.Accepts(property.name)) property.value = kFalse;
  }
  std::vector<ObjectSet::Others> others;
  for (const ObjectSet::Others& other : set.others) {
    PANO_ASSIGN_OR_RETURN(Dfa inside, Intersect(other.names, allowed, budget_));
    PANO_ASSIGN_OR_RETURN(Dfa outside, Subtract(other.names, allowed, budget_));
    if (!inside.empty()) others.push_back({std::move(inside), other.value});
    if (!outside.empty()) others.push_back({std::move(outside), kFalse});
  }
  set.others = std::move(others);
  return OkStatus();
}

Result<ObjectSet> SchemaEvaluator::OfObjects(const Schema& schema) {
  ObjectSet out;
  PANO_ASSIGN_OR_RETURN(const CountRange count,
                        CountRangeOf(schema.value, schema.place, "minProperties", "maxProperties"));
  out.min = count.min;
  out.max = count.max;
  Formula additional = kTrue;
  if (schema.Find("additionalProperties")) {
    PANO_ASSIGN_OR_RETURN(additional, Child(schema, "additionalProperties"));
  }
  PANO_RETURN_IF_ERROR(SplitByPatterns(schema, additional, out));
  PANO_RETURN_IF_ERROR(AddProperties(schema, out));
  if (schema.Find("propertyNames")) PANO_RETURN_IF_ERROR(RestrictNames(schema, out));
  return out;
}

Result<ValueSet> SchemaEvaluator::OfEnum(const Schema& schema, const json::Array& values) {
  ValueSet out;
  std::vector<std::string> strings;
  for (const json::Value& value : values) {
    if (value.is_string()) {
      strings.push_back(value.as_string());
      continue;
    }
    PANO_ASSIGN_OR_RETURN(
        const ValueSet one,
        algebra_.Constant(value).Wrap(StrCat("[schema] ", Printable(schema.place, 200), "/enum")));
    PANO_ASSIGN_OR_RETURN(out, algebra_.Unite(std::move(out), one));
  }
  PANO_RETURN_IF_ERROR(budget_.Spend(values.size(), "an enum"));
  out.strings = StringSet::Of(std::move(strings));
  return out;
}

}  // namespace pano::grammar
