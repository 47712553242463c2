// Arrays as rules: a list with its first elements, or where elements are counted or must differ, a
// rule for each state of an automaton over elements.
#include <algorithm>
#include <map>
#include <utility>

#include "base/strings.h"
#include "model/grammar/json_schema/json_grammar.h"

namespace pano::grammar {
namespace {

using Expr = GrammarBuilder::Expr;
using Rule = GrammarBuilder::Rule;

constexpr size_t kUniqueValuesMax = 32;  // their subsets are states, as far as maxItems lets them
constexpr size_t kStatesMax = 4096;

Status Unsupported(std::string_view keyword, std::string_view why) {
  return Unimplemented(std::string(why))
      .WithReason("unsupported_keyword")
      .WithField(std::string(keyword));
}

}  // namespace

// Confined to one call.
class ArrayWriter {
 public:
  ArrayWriter(JsonGrammar& grammar, const ArraySet& set)
      : grammar_(grammar), b_(grammar.builder_), set_(set) {}

  Result<Expr> Run() {
    if (set_.unique || !set_.contains.empty()) return Counted();
    return Plain();
  }

 private:
  Expr Bracketed(Expr elements) {
    return b_.Sequence(
        {b_.Literal("["), grammar_.Blank(), elements, grammar_.Blank(), b_.Literal("]")});
  }

  // Elements from the back: each is followed by what may stand behind it.
  Result<Expr> Plain() {
    const std::optional<uint64_t> max =
        set_.rest == kFalse ? std::min(set_.max.value_or(set_.prefix.size()), set_.prefix.size())
                            : set_.max;
    std::vector<Expr> alternatives;
    if (set_.min == 0) alternatives.push_back(b_.Literal("[]"));
    if (!max || *max > 0) {
      const size_t named = max ? std::min<uint64_t>(set_.prefix.size(), *max) : set_.prefix.size();
      // What follows when `done` elements stand: at first more of the rest.
      size_t done = std::max<size_t>(named, 1);
      const auto min_more = static_cast<uint32_t>(set_.min > done ? set_.min - done : 0);
      std::optional<uint32_t> max_more;
      if (max) max_more = static_cast<uint32_t>(*max - done);
      if (max_more && *max_more < min_more) return b_.Choice(alternatives);
      Expr behind =
          b_.Repeat(b_.Sequence({grammar_.Comma(), grammar_.Value(set_.rest)}), min_more, max_more);
      for (; done > 1; --done) {
        const Expr more =
            b_.Sequence({grammar_.Comma(), grammar_.Value(set_.Element(done - 1)), behind});
        behind = done > set_.min ? b_.Optional(more) : more;
        // Optional elements nest; a rule keeps the nesting shallow.
        const Rule rule = b_.DeclareRule("elements");
        b_.DefineRule(rule, behind);
        behind = b_.Reference(rule);
      }
      alternatives.push_back(Bracketed(b_.Sequence({grammar_.Value(set_.Element(0)), behind})));
    }
    return b_.Choice(alternatives);
  }

  // How many elements stand, as far as it matters; which values were used; matches of each
  // contains.
  struct Place {
    uint64_t length = 0;
    uint32_t used = 0;
    std::vector<uint64_t> matches;
    auto operator<=>(const Place&) const = default;
  };
  struct Step {
    Formula element;
    Place next;
  };

  Result<Expr> Counted() {
    if (set_.unique) PANO_RETURN_IF_ERROR(ListUnique());
    grammar_.evaluator_.formulas().SetCause("", "contains");
    length_cap_ = std::max<uint64_t>({set_.prefix.size(), set_.min, set_.max ? *set_.max + 1 : 0});
    Place first;
    first.matches.assign(set_.contains.size(), 0);
    PANO_ASSIGN_OR_RETURN(const std::vector<Step> steps, StepsFrom(first));
    std::vector<Expr> alternatives;
    if (Accepts(first)) alternatives.push_back(b_.Literal("[]"));
    std::vector<Expr> begins;
    for (const Step& step : steps) {
      begins.push_back(b_.Sequence({Element(step), Behind(step.next)}));
    }
    alternatives.push_back(b_.Sequence({b_.Literal("["), grammar_.Blank(), b_.Choice(begins)}));
    while (!open_.empty()) {
      const Place place = open_.back();
      open_.pop_back();
      PANO_RETURN_IF_ERROR(DefineBehind(place));
    }
    return b_.Choice(alternatives);
  }

  Expr Element(const Step& step) { return grammar_.Value(step.element); }

  Expr Behind(const Place& place) {
    const auto [at, added] = rules_.try_emplace(place);
    if (added) {
      at->second = b_.DeclareRule("elements");
      open_.push_back(place);
    }
    return b_.Reference(at->second);
  }

  Status DefineBehind(const Place& place) {
    if (rules_.size() > kStatesMax) {
      return Unsupported(set_.unique ? "uniqueItems" : "contains",
                         "its elements take too many states");
    }
    std::vector<Expr> alternatives;
    if (Accepts(place)) alternatives.push_back(b_.Sequence({grammar_.Blank(), b_.Literal("]")}));
    PANO_ASSIGN_OR_RETURN(const std::vector<Step> steps, StepsFrom(place));
    for (const Step& step : steps) {
      alternatives.push_back(b_.Sequence({grammar_.Comma(), Element(step), Behind(step.next)}));
    }
    b_.DefineRule(rules_[place], b_.Choice(alternatives));
    return b_.status();
  }

  bool Accepts(const Place& place) const {
    if (place.length < set_.min || (set_.max && place.length > *set_.max)) return false;
    for (size_t i = 0; i < set_.contains.size(); ++i) {
      if (place.matches[i] < set_.contains[i].min) return false;
    }
    return true;
  }

  // The elements that may come next. A match that is only counted up to a minimum may also be left
  // uncounted, which spares the opposite of its condition.
  Result<std::vector<Step>> StepsFrom(const Place& place) {
    std::vector<Step> steps;
    if (set_.max && place.length >= *set_.max) return steps;
    PANO_RETURN_IF_ERROR(grammar_.budget_.Spend(16, "arrays"));
    Place next = place;
    next.length = std::min(place.length + 1, length_cap_);
    const Formula element = set_.Element(place.length);
    if (!set_.unique) {
      steps.push_back({element, next});
    } else {
      for (size_t i = 0; i < unique_.size(); ++i) {
        if ((place.used >> i) & 1) continue;
        Step step{grammar_.evaluator_.formulas().And(unique_[i], element), next};
        step.next.used |= uint32_t{1} << i;
        steps.push_back(std::move(step));
      }
    }
    FormulaTable& formulas = grammar_.evaluator_.formulas();
    for (size_t i = 0; i < set_.contains.size(); ++i) {
      const ArraySet::Contains& contains = set_.contains[i];
      std::vector<Step> split;
      for (const Step& step : steps) {
        const bool full = contains.max && place.matches[i] >= *contains.max;
        if (!full) {
          Step match = step;
          match.element = formulas.And(step.element, contains.what);
          const uint64_t cap = contains.max ? *contains.max : contains.min;
          match.next.matches[i] = std::min(place.matches[i] + 1, cap);
          split.push_back(std::move(match));
        }
        Step other = step;
        if (contains.max) other.element = formulas.And(step.element, formulas.Not(contains.what));
        if (full || contains.max || place.matches[i] < contains.min)
          split.push_back(std::move(other));
        // Counted far enough: whether it matches does not matter.
        if (!contains.max && place.matches[i] >= contains.min) split.back().element = step.element;
      }
      steps = std::move(split);
      if (steps.size() > kStatesMax)
        return Unsupported("contains", "it combines to too many cases");
    }
    PANO_RETURN_IF_ERROR(formulas.status());
    std::erase_if(steps, [](const Step& step) { return step.element == kFalse; });
    return steps;
  }

  // Elements differ for sure only where the values are few and known: each is used once.
  Status ListUnique() {
    constexpr std::string_view kWhy =
        "the elements are not a few known values, so that equal ones would "
        "have to be remembered";
    if (!set_.prefix.empty()) return Unsupported("uniqueItems", kWhy);
    PANO_ASSIGN_OR_RETURN(const ValueSet* values, grammar_.evaluator_.Evaluate(set_.rest));
    json::Array list;
    if (values->null) list.emplace_back(nullptr);
    if (values->yes) list.emplace_back(true);
    if (values->no) list.emplace_back(false);
    if (!values->arrays.empty() || !values->objects.empty())
      return Unsupported("uniqueItems", kWhy);
    for (const NumberSet& set : values->numbers) {
      const std::optional<Decimal> point = set.point();
      if (!point) return Unsupported("uniqueItems", kWhy);
      // Known as a number again from its text.
      const Result<json::Value> number = json::Parse(point->ToString());
      if (!number.ok()) return Unsupported("uniqueItems", kWhy);
      if (std::find(list.begin(), list.end(), *number) == list.end()) list.push_back(*number);
    }
    PANO_ASSIGN_OR_RETURN(const Dfa strings, values->strings.ToDfa(grammar_.budget_));
    const auto texts = strings.Texts(kUniqueValuesMax);
    if (!texts || list.size() + texts->size() > kUniqueValuesMax) {
      return Unsupported("uniqueItems", StrCat("the elements are not at most ", kUniqueValuesMax,
                                               " known values"));
    }
    for (const std::string& text : *texts) list.emplace_back(text);
    for (const json::Value& value : list) unique_.push_back(grammar_.evaluator_.Keep(value));
    return OkStatus();
  }

  JsonGrammar& grammar_;
  GrammarBuilder& b_;
  const ArraySet& set_;
  std::vector<Formula> unique_;  // uniqueItems: the values that elements may be
  uint64_t length_cap_ = 0;
  std::map<Place, Rule> rules_;
  std::vector<Place> open_;
};

Result<Expr> WriteArrays(JsonGrammar& grammar, const ArraySet& set) {
  return ArrayWriter(grammar, set).Run();
}

}  // namespace pano::grammar
