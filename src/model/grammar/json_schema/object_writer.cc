// Objects as rules: declared properties in their order, each at most once, others behind them.
#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "base/json.h"
#include "base/strings.h"
#include "model/grammar/json_schema/json_grammar.h"

namespace pano::grammar {
namespace {

using Expr = GrammarBuilder::Expr;
using Rule = GrammarBuilder::Rule;
using Property = ObjectSet::Property;

// Required names that no `properties` orders may stand anywhere among the others: a rule for each
// subset that was seen. More of them keep the order in which they are required.
constexpr size_t kFreeNamesMax = 5;
constexpr size_t kStatesMax = 16'384;

Status Unsupported(std::string_view keyword, std::string_view why) {
  return Unimplemented(std::string(why))
      .WithReason("unsupported_keyword")
      .WithField(std::string(keyword));
}

}  // namespace

// Confined to one call.
class ObjectWriter {
 public:
  ObjectWriter(JsonGrammar& grammar, const ObjectSet& set)
      : grammar_(grammar), b_(grammar.builder_), set_(set) {}

  Result<Expr> Run() {
    SortProperties();
    PANO_RETURN_IF_ERROR(WriteOthers());
    PANO_RETURN_IF_ERROR(DecideCounting());
    std::vector<Expr> alternatives;
    if (required_ == 0 && set_.min == 0) alternatives.push_back(b_.Literal("{}"));
    if (!set_.max || *set_.max > 0) {
      const Expr members = counted_ ? Behind({0, 0, 0, true}) : Ordered();
      alternatives.push_back(b_.Sequence(
          {b_.Literal("{"), grammar_.Blank(), members, grammar_.Blank(), b_.Literal("}")}));
    }
    while (!open_.empty()) {
      const Place place = open_.back();
      open_.pop_back();
      PANO_RETURN_IF_ERROR(Define(place));
    }
    return b_.Choice(alternatives);
  }

 private:
  // Where a text stands among the members: declared properties before `index` are done.
  struct Place {
    uint32_t index = 0;
    uint32_t seen = 0;   // bits: of the free names
    uint64_t count = 0;  // of members, where it matters
    bool first = true;   // none so far
    auto operator<=>(const Place&) const = default;
  };

  void SortProperties() {
    for (const Property& property : set_.properties) {
      if (property.required) ++required_;
      if (property.value == kFalse && !property.required) continue;  // may not be there
      const bool free = !property.declared && property.required && free_.size() < kFreeNamesMax;
      (free ? free_ : ordered_).push_back(&property);
    }
  }

  Expr Member(const Property& property) {
    std::string key;
    json::AppendQuoted(key, property.name);
    return b_.Sequence({b_.Literal(key), grammar_.Colon(), grammar_.Value(property.value)});
  }

  Status WriteOthers() {
    std::vector<std::string> names;
    for (const Property& property : set_.properties) names.push_back(property.name);
    const Dfa named = Dfa::Of(std::move(names));
    std::vector<Expr> alternatives;
    for (const ObjectSet::Others& others : set_.others) {
      if (others.value == kFalse) continue;
      PANO_ASSIGN_OR_RETURN(Expr key, grammar_.AnyString());
      if (!named.empty() || !others.names.IsAny()) {
        PANO_ASSIGN_OR_RETURN(const Dfa left, Subtract(others.names, named, grammar_.budget_));
        if (left.empty()) continue;
        PANO_ASSIGN_OR_RETURN(key, grammar_.Quoted(left));
      }
      alternatives.push_back(b_.Sequence({key, grammar_.Colon(), grammar_.Value(others.value)}));
    }
    has_others_ = !alternatives.empty();
    if (!has_others_) return OkStatus();
    const Rule rule = b_.DeclareRule("member");
    b_.DefineRule(rule, b_.Choice(alternatives));
    other_ = b_.Reference(rule);
    return OkStatus();
  }

  Status DecideCounting() {
    // Names of others may repeat, which a grammar cannot see: they count once towards a minimum.
    if (has_others_ && set_.min > required_ + 1) {
      return Unsupported("minProperties",
                         "equal names among those that are not declared would have to be "
                         "remembered");
    }
    const bool min_counts = set_.min > std::max<uint64_t>(required_, 1);
    const bool max_counts = set_.max && (has_others_ || *set_.max < ordered_.size() + free_.size());
    counted_ = min_counts || max_counts;
    if (!counted_) return OkStatus();
    count_cap_ = std::max(set_.min, max_counts ? *set_.max : 0);
    max_ = max_counts ? set_.max : std::nullopt;
    const std::string_view keyword = max_counts ? "maxProperties" : "minProperties";
    if ((count_cap_ + 1) * (ordered_.size() + (size_t{1} << free_.size())) * 2 > kStatesMax) {
      return Unsupported(keyword, "counting the properties takes too many states");
    }
    return OkStatus();
  }

  // Without counts: what stands before the first required property has a comma behind it, what
  // stands after it one in front.
  Expr Ordered() {
    const auto pivot = std::find_if(ordered_.begin(), ordered_.end(),
                                    [](const Property* property) { return property->required; });
    if (pivot == ordered_.end()) return Behind({0, 0, 0, true});
    std::vector<Expr> parts;
    for (auto it = ordered_.begin(); it != pivot; ++it) {
      parts.push_back(b_.Optional(b_.Sequence({Member(**it), grammar_.Comma()})));
    }
    parts.push_back(Member(**pivot));
    for (auto it = pivot + 1; it != ordered_.end(); ++it) {
      const Expr member = b_.Sequence({grammar_.Comma(), Member(**it)});
      parts.push_back((*it)->required ? member : b_.Optional(member));
    }
    parts.push_back(Behind({static_cast<uint32_t>(ordered_.size()), 0, 0, false}));
    return b_.Sequence(parts);
  }

  // A reference to the rule of what may stand from `place` on.
  Expr Behind(const Place& place) {
    const auto [at, added] = rules_.try_emplace(place);
    if (added) {
      at->second = b_.DeclareRule("members");
      open_.push_back(place);
    }
    return b_.Reference(at->second);
  }

  Status Define(const Place& place) {
    PANO_RETURN_IF_ERROR(grammar_.budget_.Spend(16, "objects"));
    std::vector<Expr> alternatives;
    auto add = [&](Expr member, Place next) {
      next.first = false;
      if (counted_) next.count = std::min(next.count + 1, count_cap_);
      std::vector<Expr> parts;
      if (!place.first) parts.push_back(grammar_.Comma());
      parts.push_back(member);
      parts.push_back(Behind(next));
      alternatives.push_back(b_.Sequence(parts));
    };
    const bool room = !max_ || place.count < *max_;
    if (place.index < ordered_.size()) {
      const Property& property = *ordered_[place.index];
      Place next = place;
      ++next.index;
      if (room) add(Member(property), next);
      if (!property.required) alternatives.push_back(Behind(next));
    } else {
      const bool whole = place.seen + 1 == uint32_t{1} << free_.size();
      if (whole && !place.first && place.count >= MinCount()) alternatives.push_back(b_.Empty());
      for (size_t i = 0; i < free_.size() && room; ++i) {
        if ((place.seen >> i) & 1) continue;
        Place next = place;
        next.seen |= uint32_t{1} << i;
        add(Member(*free_[i]), next);
      }
      if (has_others_ && room) add(other_, place);
    }
    b_.DefineRule(rules_[place], b_.Choice(alternatives));
    return b_.status();
  }

  uint64_t MinCount() const { return counted_ ? set_.min : 0; }

  JsonGrammar& grammar_;
  GrammarBuilder& b_;
  const ObjectSet& set_;
  std::vector<const Property*> ordered_;
  std::vector<const Property*> free_;
  uint64_t required_ = 0;
  bool has_others_ = false;
  Expr other_;
  bool counted_ = false;
  uint64_t count_cap_ = 0;
  std::optional<uint64_t> max_;
  std::map<Place, Rule> rules_;
  std::vector<Place> open_;
};

Result<Expr> WriteObjects(JsonGrammar& grammar, const ObjectSet& set) {
  return ObjectWriter(grammar, set).Run();
}

}  // namespace pano::grammar
