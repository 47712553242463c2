#include "model/grammar/json_schema/number_set.h"

#include <algorithm>
#include <utility>

namespace pano::grammar {
namespace {

using Kind = NumberSet::Kind;

// The tighter of two bounds; `wanted` is the order of the tighter value to the other.
std::optional<NumberBound> Tighter(const std::optional<NumberBound>& a,
                                   const std::optional<NumberBound>& b,
                                   std::strong_ordering wanted) {
  if (!a) return b;
  if (!b) return a;
  const std::strong_ordering order = a->value <=> b->value;
  if (order == 0) return a->exclusive ? a : b;
  return order == wanted ? a : b;
}

void AddNew(std::vector<Decimal>& list, const std::vector<Decimal>& more) {
  for (const Decimal& value : more) {
    if (std::find(list.begin(), list.end(), value) == list.end()) list.push_back(value);
  }
}

}  // namespace

std::optional<Decimal> NumberSet::point() const {
  if (!low || !high || low->exclusive || high->exclusive || low->value != high->value)
    return std::nullopt;
  return low->value;
}

bool NumberSet::impossible() const {
  if (!low || !high) return false;
  const bool open = low->exclusive || high->exclusive;
  if (low->value > high->value || (open && low->value == high->value)) return true;
  if (kind == Kind::kFraction) return low->value == high->value && low->value.integer();
  if (kind != Kind::kInteger) return false;
  // The integers nearest to the bounds from inside.
  const Decimal first = low->value.Ceiling(), last = high->value.Floor();
  if (first > last) return true;
  const bool first_out = low->exclusive && first == low->value;
  const bool last_out = high->exclusive && last == high->value;
  if (first == last) return first_out || last_out;
  // Both ends are out: something is left where they are more than one apart.
  return first_out && last_out && first.Next() == last;
}

std::optional<NumberSet> Intersect(const NumberSet& a, const NumberSet& b) {
  NumberSet out = a;
  if (a.kind == Kind::kAny) {
    out.kind = b.kind;
  } else if (b.kind != Kind::kAny && b.kind != a.kind) {
    return std::nullopt;
  }
  out.low = Tighter(a.low, b.low, std::strong_ordering::greater);
  out.high = Tighter(a.high, b.high, std::strong_ordering::less);
  AddNew(out.multiples, b.multiples);
  AddNew(out.not_multiples, b.not_multiples);
  if (out.impossible()) return std::nullopt;
  for (const Decimal& value : out.multiples) {
    if (std::find(out.not_multiples.begin(), out.not_multiples.end(), value) !=
        out.not_multiples.end()) {
      return std::nullopt;
    }
  }
  return out;
}

std::vector<NumberSet> Complement(const NumberSet& set) {
  std::vector<NumberSet> out;
  // The bounds of a single number say all: its kind is how it is spelled.
  if (set.kind != Kind::kAny && !set.point()) {
    out.emplace_back().kind = set.kind == Kind::kInteger ? Kind::kFraction : Kind::kInteger;
  }
  if (set.low) out.emplace_back().high = NumberBound{set.low->value, !set.low->exclusive};
  if (set.high) out.emplace_back().low = NumberBound{set.high->value, !set.high->exclusive};
  for (const Decimal& value : set.multiples) out.emplace_back().not_multiples.push_back(value);
  for (const Decimal& value : set.not_multiples) out.emplace_back().multiples.push_back(value);
  return out;
}

}  // namespace pano::grammar
