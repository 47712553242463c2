#include "model/grammar/json_schema/schema_evaluator.h"

#include <algorithm>
#include <array>
#include <optional>
#include <unordered_map>
#include <utility>

#include "base/strings.h"

namespace pano::grammar {
namespace {

constexpr int kEmptinessDepthMax = 8;
constexpr const char* kReferenceLoop = "reference_loop";

// Failures that leave open what is evident: keywords that cannot be kept, and schemas that are
// being worked out further up. Where they matter, they come up again.
bool LeavesOpen(const Status& error) {
  return error.code() == StatusCode::kUnimplemented || error.reason() == kReferenceLoop;
}

// `status` as one about `keyword`: what no set can say becomes a keyword that cannot be enforced.
Status About(const Status& status, std::string_view place, std::string_view keyword) {
  if (status.reason() != kNotExpressible) return status;
  if (!place.empty()) return UnsupportedKeyword(place, keyword, status.message());
  // A writer asked for it, and knows the place.
  return Unimplemented(status.message())
      .WithReason("unsupported_keyword")
      .WithField(std::string(keyword));
}

}  // namespace

SchemaEvaluator::SchemaEvaluator(const json::Value& schema, const SchemaLimits& limits)
    : limits_(limits),
      document_(schema),
      budget_(limits.steps_max),
      formulas_(limits.conditions_max),
      algebra_(formulas_, budget_),
      root_(formulas_.Schema(schema, "#")) {}

Result<const ValueSet*> SchemaEvaluator::Evaluate(Formula formula) {
  PANO_RETURN_IF_ERROR(formulas_.status());
  if (memos_.size() < formulas_.size()) memos_.resize(formulas_.size());
  if (memos_[formula.id].state == State::kKnown) return memos_[formula.id].values.get();
  if (memos_[formula.id].state == State::kInProgress) {
    return WrongKeyword(formulas_[formula].place.empty() ? "#" : formulas_[formula].place, "$ref",
                        "leads back to itself without a property or an element between")
        .WithReason(kReferenceLoop);
  }
  if (depth_ >= limits_.reference_depth_max) {
    return Status(StatusCode::kExhausted,
                  StrCat("[schema] references and combinations nest deeper than ",
                         limits_.reference_depth_max))
        .WithReason("too_complex");
  }
  memos_[formula.id].state = State::kInProgress;
  ++depth_;
  Result<ValueSet> values = Work(formula);
  --depth_;
  // memos_ may have grown meanwhile.
  if (!values.ok()) {
    memos_[formula.id].state = State::kUnknown;
    return values.error();
  }
  memos_[formula.id].values = std::make_unique<const ValueSet>(std::move(*values));
  memos_[formula.id].state = State::kKnown;
  return memos_[formula.id].values.get();
}

Result<ValueSet> SchemaEvaluator::Work(Formula formula) {
  using Kind = FormulaTable::Kind;
  // A copy: the table may grow.
  const FormulaTable::Entry entry = formulas_[formula];
  switch (entry.kind) {
    case Kind::kAlways:
      return ValueSet::All();
    case Kind::kNever:
      return ValueSet();
    case Kind::kConstant:
      return algebra_.Constant(*entry.value).Wrap("[schema]");
    case Kind::kSchema: {
      const Schema schema{*entry.value, entry.place};
      return OfSchema(schema);
    }
    case Kind::kNot:
    case Kind::kAnd:
      break;
  }
  // What is wanted first, then what is not: a difference can say more than an opposite.
  std::vector<Formula> wanted = entry.parts, forbidden;
  if (entry.kind == Kind::kNot) wanted = {formula};
  std::erase_if(wanted, [&](Formula part) {
    if (formulas_[part].kind == Kind::kNot) forbidden.push_back(part);
    return formulas_[part].kind == Kind::kNot;
  });
  ValueSet out = ValueSet::All();
  for (Formula part : wanted) {
    PANO_ASSIGN_OR_RETURN(const ValueSet* values, Evaluate(part));
    PANO_ASSIGN_OR_RETURN(out, algebra_.Intersect(out, *values));
  }
  for (Formula part : forbidden) {
    const FormulaTable::Entry opposite = formulas_[part];
    PANO_ASSIGN_OR_RETURN(const ValueSet* values, Evaluate(opposite.parts[0]));
    formulas_.SetCause(opposite.place, opposite.keyword);
    Result<ValueSet> less = algebra_.Subtract(out, *values);
    if (!less.ok()) return About(less.error(), opposite.place, opposite.keyword);
    out = std::move(*less);
  }
  return out;
}

Status SchemaEvaluator::Narrow(ValueSet& values, Result<ValueSet> more) {
  if (!more.ok()) return more.error();
  PANO_ASSIGN_OR_RETURN(values, algebra_.Intersect(values, *more));
  return OkStatus();
}

Result<ValueSet> SchemaEvaluator::OfSchema(const Schema& schema) {
  if (!schema.value.is_object()) {
    return InvalidArgument(StrCat("[schema] at ", Printable(schema.place, 200),
                                  ": a schema is an object, true or false, not ",
                                  schema.value.kind()))
        .WithReason("invalid_schema")
        .WithField(Printable(schema.place, 200));
  }
  PANO_RETURN_IF_ERROR(CheckKeywords(schema));
  PANO_ASSIGN_OR_RETURN(ValueSet values, OfTypes(schema));
  if (const json::Value* list = schema.Find("enum")) {
    if (!list->is_array()) return WrongKeyword(schema.place, "enum", "must be an array");
    PANO_RETURN_IF_ERROR(Narrow(values, OfEnum(schema, list->as_array())));
  }
  if (const json::Value* constant = schema.Find("const")) {
    PANO_RETURN_IF_ERROR(Narrow(values, algebra_.Constant(*constant).Wrap(StrCat(
                                            "[schema] ", Printable(schema.place, 200), "/const"))));
  }
  if (schema.Find("$ref")) PANO_RETURN_IF_ERROR(Narrow(values, OfReference(schema)));
  if (schema.Find("allOf")) {
    PANO_ASSIGN_OR_RETURN(const std::vector<Formula> parts, Children(schema, "allOf"));
    for (Formula part : parts) {
      PANO_ASSIGN_OR_RETURN(const ValueSet* more, Evaluate(part));
      PANO_ASSIGN_OR_RETURN(values, algebra_.Intersect(values, *more));
    }
  }
  if (schema.Find("anyOf")) PANO_RETURN_IF_ERROR(Narrow(values, OfAnyOf(schema)));
  for (std::string_view keyword : {"dependentRequired", "dependentSchemas", "dependencies"}) {
    if (schema.Find(keyword)) PANO_RETURN_IF_ERROR(Narrow(values, OfDependent(schema, keyword)));
  }
  if (schema.Find("unevaluatedProperties"))
    PANO_RETURN_IF_ERROR(Narrow(values, OfUnevaluated(schema)));
  // Differences last, when most is known.
  if (schema.Find("oneOf")) PANO_RETURN_IF_ERROR(Narrow(values, OfOneOf(schema, values)));
  if (schema.Find("not")) {
    PANO_ASSIGN_OR_RETURN(const Formula child, Child(schema, "not"));
    PANO_ASSIGN_OR_RETURN(const ValueSet* forbidden, Evaluate(child));
    PANO_ASSIGN_OR_RETURN(values, Without(values, *forbidden, schema, "not"));
  }
  if (schema.Find("if") && (schema.Find("then") || schema.Find("else"))) {
    PANO_RETURN_IF_ERROR(Narrow(values, OfConditional(schema, values)));
  }
  return values;
}

Result<Formula> SchemaEvaluator::Child(const Schema& schema, std::string_view keyword) {
  const json::Value* child = schema.Find(keyword);
  if (!child->is_object() && !child->is_bool()) {
    return WrongKeyword(schema.place, keyword, StrCat("must be a schema, not ", child->kind()));
  }
  return formulas_.Schema(*child, PlaceOf(schema.place, keyword));
}

Result<std::vector<Formula>> SchemaEvaluator::Children(const Schema& schema,
                                                       std::string_view keyword) {
  const json::Value* list = schema.Find(keyword);
  if (!list->is_array() || list->as_array().empty()) {
    return WrongKeyword(schema.place, keyword, "must be an array of schemas, not empty");
  }
  std::vector<Formula> out;
  const std::string place = PlaceOf(schema.place, keyword);
  for (const json::Value& child : list->as_array()) {
    const std::string index = StrCat(out.size());
    if (!child.is_object() && !child.is_bool()) {
      return WrongKeyword(place, index, StrCat("must be a schema, not ", child.kind()));
    }
    out.push_back(formulas_.Schema(child, PlaceOf(place, index)));
  }
  return out;
}

Result<ValueSet> SchemaEvaluator::OfReference(const Schema& schema) {
  const json::Value* reference = schema.Find("$ref");
  if (!reference->is_string()) return WrongKeyword(schema.place, "$ref", "must be a string");
  PANO_ASSIGN_OR_RETURN(SchemaDocument::Target target,
                        document_.Resolve(reference->as_string(), schema.place));
  const Formula formula = formulas_.Schema(*target.schema, std::move(target.place));
  PANO_ASSIGN_OR_RETURN(const ValueSet* values, Evaluate(formula));
  return *values;
}

Result<ValueSet> SchemaEvaluator::OfAnyOf(const Schema& schema) {
  PANO_ASSIGN_OR_RETURN(const std::vector<Formula> parts, Children(schema, "anyOf"));
  ValueSet out;
  for (Formula part : parts) {
    PANO_ASSIGN_OR_RETURN(const ValueSet* more, Evaluate(part));
    PANO_ASSIGN_OR_RETURN(out, algebra_.Unite(std::move(out), *more));
  }
  return out;
}

Result<ValueSet> SchemaEvaluator::Without(const ValueSet& values, const ValueSet& forbidden,
                                          const Schema& schema, std::string_view keyword) {
  formulas_.SetCause(schema.place, keyword);
  Result<ValueSet> less = algebra_.Subtract(values, forbidden);
  if (!less.ok()) return About(less.error(), schema.place, keyword);
  return less;
}

// Exactly one: where no two branches can hold together this is anyOf; else each branch without the
// others that it may meet. What `context` (the rest of the schema) rules out need not be told
// apart.
Result<ValueSet> SchemaEvaluator::OfOneOf(const Schema& schema, const ValueSet& context) {
  PANO_ASSIGN_OR_RETURN(const std::vector<Formula> parts, Children(schema, "oneOf"));
  std::vector<ValueSet> branches;
  for (Formula part : parts) {
    PANO_ASSIGN_OR_RETURN(const ValueSet* values, Evaluate(part));
    PANO_ASSIGN_OR_RETURN(branches.emplace_back(), algebra_.Intersect(context, *values));
  }
  std::vector<std::vector<size_t>> meets(branches.size());
  for (size_t i = 0; i < branches.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      PANO_RETURN_IF_ERROR(budget_.Spend(8, "branches of oneOf"));
      PANO_ASSIGN_OR_RETURN(const bool apart, AreEvidentlyApart(branches[i], branches[j], 0));
      if (apart) continue;
      meets[i].push_back(j);
      meets[j].push_back(i);
    }
  }
  ValueSet out;
  for (size_t i = 0; i < branches.size(); ++i) {
    ValueSet alone = branches[i];
    for (size_t j : meets[i]) {
      PANO_ASSIGN_OR_RETURN(const ValueSet* other, Evaluate(parts[j]));
      PANO_ASSIGN_OR_RETURN(alone, Without(alone, *other, schema, "oneOf"));
    }
    PANO_ASSIGN_OR_RETURN(out, algebra_.Unite(std::move(out), alone));
  }
  return out;
}

// (if and then) or (not if and else).
Result<ValueSet> SchemaEvaluator::OfConditional(const Schema& schema, const ValueSet& context) {
  PANO_ASSIGN_OR_RETURN(const Formula condition, Child(schema, "if"));
  PANO_ASSIGN_OR_RETURN(const ValueSet* holds, Evaluate(condition));
  PANO_ASSIGN_OR_RETURN(ValueSet yes, algebra_.Intersect(context, *holds));
  if (schema.Find("then")) {
    PANO_ASSIGN_OR_RETURN(const Formula then, Child(schema, "then"));
    PANO_ASSIGN_OR_RETURN(const ValueSet* more, Evaluate(then));
    PANO_ASSIGN_OR_RETURN(yes, algebra_.Intersect(yes, *more));
  }
  PANO_ASSIGN_OR_RETURN(ValueSet no, Without(context, *holds, schema, "if"));
  if (schema.Find("else")) {
    PANO_ASSIGN_OR_RETURN(const Formula otherwise, Child(schema, "else"));
    PANO_ASSIGN_OR_RETURN(const ValueSet* more, Evaluate(otherwise));
    PANO_ASSIGN_OR_RETURN(no, algebra_.Intersect(no, *more));
  }
  return algebra_.Unite(std::move(yes), no);
}

Status SchemaEvaluator::AddEvaluatedBy(const json::Value& child, std::string place,
                                       const Schema& asking, size_t depth, Evaluated& out) {
  if (!child.is_object()) return OkStatus();  // what is wrong is said where it is worked out
  return AddEvaluated(Schema{child, place}, asking, depth + 1, out);
}

Status SchemaEvaluator::AddEvaluated(const Schema& schema, const Schema& asking, size_t depth,
                                     Evaluated& out) {
  if (depth > limits_.reference_depth_max) {
    return UnsupportedKeyword(asking.place, "unevaluatedProperties",
                              "references beside it nest too deep");
  }
  PANO_RETURN_IF_ERROR(budget_.Spend(schema.value.as_object().size() + 1, "evaluated properties"));
  if (schema.Find("additionalProperties")) out.all = true;
  if (depth > 0 && schema.Find("unevaluatedProperties")) out.all = true;
  if (const json::Value* properties = schema.Find("properties");
      properties && properties->is_object()) {
    PANO_RETURN_IF_ERROR(
        budget_.Spend(16 * properties->as_object().size(), "evaluated properties"));
    for (const auto& member : properties->as_object()) out.names.push_back(member.first);
  }
  if (const json::Value* patterns = schema.Find("patternProperties");
      patterns && patterns->is_object()) {
    PANO_RETURN_IF_ERROR(budget_.Spend(16 * patterns->as_object().size(), "evaluated properties"));
    for (const auto& member : patterns->as_object()) out.patterns.push_back(member.first);
  }
  if (const json::Value* reference = schema.Find("$ref"); reference && reference->is_string()) {
    PANO_ASSIGN_OR_RETURN(SchemaDocument::Target target,
                          document_.Resolve(reference->as_string(), schema.place));
    PANO_RETURN_IF_ERROR(
        AddEvaluatedBy(*target.schema, std::move(target.place), asking, depth, out));
  }
  if (const json::Value* all = schema.Find("allOf"); all && all->is_array()) {
    for (const json::Value& child : all->as_array()) {
      PANO_RETURN_IF_ERROR(AddEvaluatedBy(child, schema.place, asking, depth, out));
    }
  }
  // What applies to some objects only must not evaluate anything.
  for (std::string_view keyword :
       {"anyOf", "oneOf", "if", "then", "else", "dependentSchemas", "dependencies"}) {
    const json::Value* some = schema.Find(keyword);
    if (some == nullptr) continue;
    Evaluated sometimes;
    PANO_RETURN_IF_ERROR(AddEvaluatedBy(*some, schema.place, asking, depth, sometimes));
    json::Array children;
    if (some->is_array()) children = some->as_array();
    if (some->is_object() && keyword.starts_with("depend")) {
      for (const auto& member : some->as_object()) children.push_back(member.second);
    }
    for (const json::Value& child : children) {
      PANO_RETURN_IF_ERROR(AddEvaluatedBy(child, schema.place, asking, depth, sometimes));
    }
    if (sometimes.all || !sometimes.names.empty() || !sometimes.patterns.empty()) {
      return UnsupportedKeyword(
          asking.place, "unevaluatedProperties",
          StrCat("which properties are evaluated depends on '", keyword, "'"));
    }
  }
  return OkStatus();
}

// The names that nothing speaks of, whatever the object, hold what unevaluatedProperties says.
Result<ValueSet> SchemaEvaluator::OfUnevaluated(const Schema& schema) {
  PANO_ASSIGN_OR_RETURN(const Formula value, Child(schema, "unevaluatedProperties"));
  ValueSet out = ValueSet::All();
  if (value == kTrue) return out;
  Evaluated evaluated;
  PANO_RETURN_IF_ERROR(AddEvaluated(schema, schema, 0, evaluated));
  if (evaluated.all) return out;
  PANO_RETURN_IF_ERROR(budget_.Spend(evaluated.names.size(), "evaluated properties"));
  Dfa known = Dfa::Of(evaluated.names);
  for (const std::string& pattern : evaluated.patterns) {
    PANO_ASSIGN_OR_RETURN(const Dfa names, Pattern(pattern, schema, "unevaluatedProperties"));
    PANO_ASSIGN_OR_RETURN(known, Unite(known, names, budget_));
  }
  PANO_ASSIGN_OR_RETURN(Dfa others, Complement(known, budget_));
  out.objects[0].others.clear();
  if (!known.empty()) out.objects[0].others.push_back({std::move(known), kTrue});
  if (!others.empty()) out.objects[0].others.push_back({std::move(others), value});
  return out;
}

// For each name: objects without it, or with it and what it brings.
Result<ValueSet> SchemaEvaluator::OfDependent(const Schema& schema, std::string_view keyword) {
  const json::Value* all = schema.Find(keyword);
  if (!all->is_object()) return WrongKeyword(schema.place, keyword, "must be an object");
  const std::string place = PlaceOf(schema.place, keyword);
  ValueSet out = ValueSet::All();
  for (const auto* member : LastMembers(all->as_object())) {
    const auto& [name, brings] = *member;
    ValueSet with = ValueSet::All();
    with.objects[0].properties.push_back({name, kTrue, true, false});
    if (brings.is_array() && keyword != "dependentSchemas") {
      ObjectSet& set = with.objects[0];
      for (const json::Value& needed : brings.as_array()) {
        if (!needed.is_string()) return WrongKeyword(place, name, "must be an array of names");
        const bool known = std::any_of(set.properties.begin(), set.properties.end(),
                                       [&](const auto& p) { return p.name == needed.as_string(); });
        PANO_RETURN_IF_ERROR(budget_.Spend(set.properties.size(), "dependent names"));
        if (!known) set.properties.push_back({needed.as_string(), kTrue, true, false});
      }
    } else if ((brings.is_object() || brings.is_bool()) && keyword != "dependentRequired") {
      PANO_ASSIGN_OR_RETURN(const ValueSet* more,
                            Evaluate(formulas_.Schema(brings, PlaceOf(place, name))));
      PANO_ASSIGN_OR_RETURN(with, algebra_.Intersect(with, *more));
    } else {
      return WrongKeyword(
          place, name,
          keyword == "dependentSchemas" ? "must be a schema" : "must be an array of names");
    }
    ValueSet either = ValueSet::All();
    either.objects[0].properties.push_back({name, kFalse, false, false});
    either.objects.insert(either.objects.end(), with.objects.begin(), with.objects.end());
    PANO_ASSIGN_OR_RETURN(out, algebra_.Intersect(out, either));
  }
  return out;
}

Result<bool> SchemaEvaluator::IsEvidentlyEmpty(Formula formula, int depth) {
  if (formula == kFalse) return true;
  if (formula == kTrue || depth > kEmptinessDepthMax) return false;
  if (memos_.size() > formula.id && memos_[formula.id].state == State::kInProgress) return false;
  const Result<const ValueSet*> values = Evaluate(formula);
  if (!values.ok()) {
    if (LeavesOpen(values.error())) return false;
    return values.error();
  }
  PANO_RETURN_IF_ERROR(budget_.Spend(1, "conditions that may be empty"));
  const auto [known, added] = evidently_empty_.try_emplace(formula, false);
  if (!added) return known->second;
  PANO_ASSIGN_OR_RETURN(const bool empty, IsEvidentlyEmpty(**values, depth));
  evidently_empty_[formula] = empty;
  return empty;
}

Result<bool> SchemaEvaluator::IsEvidentlyEmpty(const ValueSet& values, int depth) {
  if (values.null || values.yes || values.no) return false;
  PANO_ASSIGN_OR_RETURN(const bool no_strings, values.strings.IsEmpty(budget_));
  if (!no_strings) return false;
  for (const NumberSet& set : values.numbers) {
    if (set.multiples.empty() && set.not_multiples.empty() && !set.impossible()) return false;
    PANO_ASSIGN_OR_RETURN(const Dfa texts, NumberTexts(set, budget_));
    if (!texts.empty()) return false;
  }
  for (const ArraySet& set : values.arrays) {
    PANO_ASSIGN_OR_RETURN(const bool empty, IsEvidentlyEmpty(set, depth));
    if (!empty) return false;
  }
  for (const ObjectSet& set : values.objects) {
    bool empty = false;
    for (const ObjectSet::Property& property : set.properties) {
      if (!property.required || empty) continue;
      PANO_ASSIGN_OR_RETURN(empty, IsEvidentlyEmpty(property.value, depth + 1));
    }
    if (!empty) return false;
  }
  return true;
}

Result<bool> SchemaEvaluator::IsEvidentlyEmpty(const ArraySet& set, int depth) {
  for (size_t i = 0; i < set.min && i < set.prefix.size(); ++i) {
    PANO_ASSIGN_OR_RETURN(const bool empty, IsEvidentlyEmpty(set.prefix[i], depth + 1));
    if (empty) return true;
  }
  if (set.min <= set.prefix.size()) return false;
  return IsEvidentlyEmpty(set.rest, depth + 1);
}

Result<bool> SchemaEvaluator::AreEvidentlyApart(Formula a, Formula b, int depth) {
  if (a == b) return IsEvidentlyEmpty(a, depth);
  for (Formula one : {a, b}) {
    PANO_ASSIGN_OR_RETURN(const bool empty, IsEvidentlyEmpty(one, depth));
    if (empty) return true;
  }
  if (a == kTrue || b == kTrue || depth > kEmptinessDepthMax) return false;
  std::array<const ValueSet*, 2> sets{};
  for (size_t i = 0; i < sets.size(); ++i) {
    const Formula one = i == 0 ? a : b;
    if (memos_.size() > one.id && memos_[one.id].state == State::kInProgress) return false;
    const Result<const ValueSet*> values = Evaluate(one);
    if (!values.ok() && LeavesOpen(values.error())) return false;
    if (!values.ok()) return values.error();
    sets[i] = *values;
  }
  const std::pair<Formula, Formula> both = std::minmax(a, b);
  const auto [known, added] = evidently_apart_.try_emplace(both, false);
  if (!added) return known->second;
  PANO_ASSIGN_OR_RETURN(const bool apart, AreEvidentlyApart(*sets[0], *sets[1], depth));
  evidently_apart_[both] = apart;
  return apart;
}

Result<bool> SchemaEvaluator::AreEvidentlyApart(const ValueSet& a, const ValueSet& b, int depth) {
  if ((a.null && b.null) || (a.yes && b.yes) || (a.no && b.no)) return false;
  PANO_RETURN_IF_ERROR(budget_.Spend(a.numbers.size() * b.numbers.size() +
                                         a.arrays.size() * b.arrays.size() +
                                         a.objects.size() * b.objects.size() + 1,
                                     "alternatives that are told apart"));
  PANO_ASSIGN_OR_RETURN(const StringSet strings, Intersect(a.strings, b.strings, budget_));
  ValueSet scalars;
  scalars.strings = strings;
  for (const NumberSet& left : a.numbers) {
    for (const NumberSet& right : b.numbers) {
      if (auto both = Intersect(left, right)) scalars.numbers.push_back(std::move(*both));
    }
  }
  PANO_ASSIGN_OR_RETURN(const bool none, IsEvidentlyEmpty(scalars, depth));
  if (!none) return false;
  for (const ArraySet& left : a.arrays) {
    for (const ArraySet& right : b.arrays) {
      PANO_ASSIGN_OR_RETURN(const bool apart, AreEvidentlyApart(left, right, depth));
      if (!apart) return false;
    }
  }
  for (const ObjectSet& left : a.objects) {
    for (const ObjectSet& right : b.objects) {
      PANO_ASSIGN_OR_RETURN(const bool apart, AreEvidentlyApart(left, right, depth));
      if (!apart) return false;
    }
  }
  return true;
}

Result<bool> SchemaEvaluator::AreEvidentlyApart(const ArraySet& a, const ArraySet& b, int depth) {
  const uint64_t min = std::max(a.min, b.min);
  if ((a.max && *a.max < min) || (b.max && *b.max < min)) return true;
  const size_t named = std::max(a.prefix.size(), b.prefix.size());
  for (size_t i = 0; i < min && i <= named; ++i) {
    PANO_ASSIGN_OR_RETURN(const bool apart,
                          AreEvidentlyApart(a.Element(i), b.Element(i), depth + 1));
    if (apart) return true;
  }
  return false;
}

// A property that one of them requires and on which they do not agree.
Result<bool> SchemaEvaluator::AreEvidentlyApart(const ObjectSet& a, const ObjectSet& b, int depth) {
  std::unordered_map<std::string_view, const ObjectSet::Property*> in_b, in_a;
  for (const ObjectSet::Property& property : a.properties) in_a[property.name] = &property;
  for (const ObjectSet::Property& property : b.properties) in_b[property.name] = &property;
  PANO_RETURN_IF_ERROR(budget_.Spend(in_a.size() + in_b.size(), "objects that are told apart"));
  for (const bool swapped : {false, true}) {
    const ObjectSet& one = swapped ? b : a;
    const ObjectSet& other = swapped ? a : b;
    const auto& known = swapped ? in_a : in_b;
    for (const ObjectSet::Property& property : one.properties) {
      if (!property.required) continue;
      const auto found = known.find(property.name);
      const Formula value =
          found == known.end() ? other.Other(property.name) : found->second->value;
      PANO_ASSIGN_OR_RETURN(const bool apart, AreEvidentlyApart(property.value, value, depth + 1));
      if (apart) return true;
    }
  }
  return false;
}

}  // namespace pano::grammar
