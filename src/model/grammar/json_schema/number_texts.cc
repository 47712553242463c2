// NumberTexts: automata that compare a number with bounds while its digits go by.
#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "base/strings.h"
#include "model/grammar/json_schema/number_set.h"
#include "model/grammar/regex/nfa.h"

namespace pano::grammar {
namespace {

constexpr uint32_t kStatesMax = 20'000;

// A bound on a magnitude, as digits.
struct DigitBound {
  std::string integer;   // no leading zero but "0"
  std::string fraction;  // no trailing zero
  bool exclusive = false;

  explicit DigitBound(const NumberBound& bound)
      : integer(bound.value.IntegerDigits()),
        fraction(bound.value.FractionDigits()),
        exclusive(bound.exclusive) {}
};

// The order of the digits so far to a bound's.
enum class Order : int8_t { kLess = -1, kEqual = 0, kGreater = 1 };

Order Compared(char digit, char other) {
  return digit < other ? Order::kLess : digit > other ? Order::kGreater : Order::kEqual;
}

// What of one sign may be written: magnitudes from `low` to `high`.
struct Side {
  bool possible = true;
  std::optional<DigitBound> low;
  std::optional<DigitBound> high;
};

Side PositiveSide(const NumberSet& set) {
  Side side;
  if (set.high && set.high->value.sign() < 0) side.possible = false;
  if (set.low && set.low->value.sign() >= 0) side.low.emplace(*set.low);
  if (set.high && side.possible) side.high.emplace(*set.high);
  return side;
}

Side NegativeSide(const NumberSet& set) {
  Side side;
  if (set.low && set.low->value.sign() > 0) side.possible = false;
  if (set.high && set.high->value.sign() <= 0) {
    side.low.emplace(NumberBound{set.high->value.Negated(), set.high->exclusive});
  }
  if (set.low && side.possible)
    side.high.emplace(NumberBound{set.low->value.Negated(), set.low->exclusive});
  return side;
}

// Builds the automaton of numbers without exponents. Confined to one call.
class PlainTexts {
 public:
  PlainTexts(const NumberSet& set, bool one_digit, std::optional<uint32_t> digits_max)
      : integers_(set.kind == NumberSet::Kind::kInteger),
        one_digit_(one_digit),
        digits_max_(digits_max),
        sides_{PositiveSide(set), NegativeSide(set)} {}

  Result<Dfa> Run(StepBudget& budget) {
    Number({});
    for (size_t at = 0; at < order_.size(); ++at) {
      PANO_RETURN_IF_ERROR(budget.Spend(16, "a range of numbers"));
      const Place place = order_[at];
      states_[at].accepting = Accepts(place);
      AddEdges(at, place);
      if (order_.size() > kStatesMax) {
        return Status(StatusCode::kExhausted, "a range of numbers has too many digits")
            .WithReason("too_complex");
      }
    }
    return Minimize(Dfa(std::move(states_)));
  }

 private:
  enum class Phase : uint8_t { kBegin, kSigned, kInteger, kZero, kPoint, kFraction };
  // Where a text stands. Orders are of the digits of the phase until one phase decides.
  struct Place {
    Phase phase = Phase::kBegin;
    uint8_t negative = 0;
    uint32_t digits = 0;  // in this phase, as far as they matter
    Order low = Order::kEqual;
    Order high = Order::kEqual;
    auto operator<=>(const Place&) const = default;
  };

  const Side& SideOf(const Place& place) const { return sides_[place.negative]; }

  uint32_t Number(const Place& place) {
    const auto [at, added] = numbers_.try_emplace(place, static_cast<uint32_t>(order_.size()));
    if (added) {
      order_.push_back(place);
      states_.emplace_back();
    }
    return at->second;
  }

  // The order of a whole integer part of `digits` digits.
  static Order WholeOrder(const std::optional<DigitBound>& bound, uint32_t digits, Order prefix) {
    if (!bound) return Order::kGreater;
    if (digits != bound->integer.size()) {
      return digits < bound->integer.size() ? Order::kLess : Order::kGreater;
    }
    return prefix;
  }
  // The order of the whole number, `digits` of its fraction read.
  static Order FinalOrder(const std::optional<DigitBound>& bound, uint32_t digits, Order order) {
    if (order != Order::kEqual || !bound) return order;
    return digits < bound->fraction.size() ? Order::kLess : Order::kEqual;
  }

  bool Accepts(const Place& place) const {
    const Side& side = SideOf(place);
    Order low = place.low, high = place.high;
    uint32_t fraction = place.digits;
    if (place.phase == Phase::kInteger || place.phase == Phase::kZero) {
      low = WholeOrder(side.low, place.digits, low);
      high = WholeOrder(side.high, place.digits, high);
      fraction = 0;
    } else if (place.phase != Phase::kFraction) {
      return false;
    }
    low = FinalOrder(side.low, fraction, low);
    high = FinalOrder(side.high, fraction, high);
    const bool above =
        !side.low || low == Order::kGreater || (low == Order::kEqual && !side.low->exclusive);
    const bool below =
        !side.high || high == Order::kLess || (high == Order::kEqual && !side.high->exclusive);
    return side.possible && above && below;
  }

  void AddEdges(size_t at, const Place& place) {
    switch (place.phase) {
      case Phase::kBegin:
        if (sides_[1].possible) Add(at, '-', {Phase::kSigned, 1, 0, Order::kEqual, Order::kEqual});
        if (sides_[0].possible) AddFirstDigits(at, place);
        return;
      case Phase::kSigned:
        AddFirstDigits(at, place);
        return;
      case Phase::kInteger:
        if (!one_digit_) AddDigits(at, place, '0', &DigitBound::integer, Phase::kInteger);
        AddPoint(at, place);
        return;
      case Phase::kZero:
        AddPoint(at, place);
        return;
      case Phase::kPoint:
      case Phase::kFraction:
        if (!digits_max_ || place.digits < *digits_max_) {
          AddDigits(at, place, '0', &DigitBound::fraction, Phase::kFraction);
        }
    }
  }

  void AddFirstDigits(size_t at, const Place& place) {
    if (!(integers_ && place.negative) && !one_digit_) {  // no -0 among integers
      AddDigit(at, place, '0', &DigitBound::integer, Phase::kZero);
    }
    AddDigits(at, place, '1', &DigitBound::integer, Phase::kInteger);
  }

  void AddDigits(size_t at, const Place& place, char from, std::string DigitBound::*part,
                 Phase phase) {
    for (char digit = from; digit <= '9'; ++digit) AddDigit(at, place, digit, part, phase);
  }

  void AddDigit(size_t at, const Place& place, char digit, std::string DigitBound::*part,
                Phase phase) {
    const Side& side = SideOf(place);
    Place next = place;
    next.phase = phase;
    auto compare = [&](const std::optional<DigitBound>& bound, Order& order) -> uint32_t {
      if (!bound) return 0;
      const std::string& digits = (*bound).*part;
      if (order == Order::kEqual && place.digits < digits.size()) {
        order = Compared(digit, digits[place.digits]);
      } else if (order == Order::kEqual && phase == Phase::kFraction && digit != '0') {
        order = Order::kGreater;  // beyond the bound's last digit
      }
      return static_cast<uint32_t>(digits.size());
    };
    const uint32_t length = std::max(compare(side.low, next.low), compare(side.high, next.high));
    // Further digits of an integer only say that it is longer; those of a fraction matter where it
    // is still equal to a bound, or counted.
    uint32_t count_max = length + 1;
    if (phase == Phase::kFraction) {
      const bool open =
          (side.low && next.low == Order::kEqual) || (side.high && next.high == Order::kEqual);
      if (!open) count_max = 1;
      if (digits_max_) count_max = *digits_max_;
    }
    next.digits = std::min(place.digits + 1, count_max);
    Add(at, static_cast<char32_t>(static_cast<unsigned char>(digit)), next);
  }

  void AddPoint(size_t at, const Place& place) {
    if (integers_) return;
    const Side& side = SideOf(place);
    Place next = place;
    next.phase = Phase::kPoint;
    next.low = WholeOrder(side.low, place.digits, place.low);
    next.high = WholeOrder(side.high, place.digits, place.high);
    next.digits = 0;
    Add(at, '.', next);
  }

  void Add(size_t at, char32_t letter, const Place& next) {
    const uint32_t target = Number(next);
    states_[at].edges.push_back({letter, letter, target});
  }

  const bool integers_;
  const bool one_digit_;                      // before the point, and no zero: mantissas
  const std::optional<uint32_t> digits_max_;  // behind the point
  const std::array<Side, 2> sides_;           // by sign
  std::map<Place, uint32_t> numbers_;
  std::vector<Place> order_;
  std::vector<Dfa::State> states_;
};

// The texts of a bounded set without exponents. Just beside an exclusive bound there are only as
// many digits as keep apart from it what a reader rounds to double; a double has 15 that are always
// exact.
Result<Dfa> PlainRange(const NumberSet& set, bool one_digit, StepBudget& budget) {
  NumberSet inner = set;
  Dfa texts;
  if (set.kind != NumberSet::Kind::kInteger) {
    for (const bool low : {true, false}) {
      const std::optional<NumberBound>& bound = low ? set.low : set.high;
      if (!bound || !bound->exclusive) continue;
      const auto behind = static_cast<int64_t>(bound->value.FractionDigits().size());
      const int64_t exact =
          bound->value.zero() ? 30 : std::max<int64_t>(15 - bound->value.exponent(), 0);
      const int64_t places = std::max(exact - (bound->value.zero() ? 15 : 2), behind);
      // The decimal next to the bound at these places.
      const Decimal scaled = bound->value.Scaled(places);
      const Decimal next =
          (low ? scaled.Next() : scaled.Negated().Next().Negated()).Scaled(-places);
      (low ? inner.low : inner.high) = NumberBound{next};
      NumberSet beside = set;
      (low ? beside.high : beside.low) = NumberBound{next};
      const std::optional<NumberSet> part = Intersect(beside, set);
      if (!part) continue;
      const auto digits_max = static_cast<uint32_t>(std::max(exact, behind));
      PANO_ASSIGN_OR_RETURN(const Dfa some, PlainTexts(*part, one_digit, digits_max).Run(budget));
      PANO_ASSIGN_OR_RETURN(texts, Unite(texts, some, budget));
    }
  }
  if (inner.impossible()) return texts;
  PANO_ASSIGN_OR_RETURN(const Dfa most, PlainTexts(inner, one_digit, std::nullopt).Run(budget));
  return Unite(texts, most, budget);
}

// Plain texts whose value is a multiple of `step`, whatever their bounds: the digits' value modulo
// the step's, both scaled by a power of ten.
Result<Dfa> MultipleTexts(const Decimal& step, StepBudget& budget) {
  const std::string fraction = step.FractionDigits();
  const std::string scaled =
      step.integer() ? step.IntegerDigits() : step.IntegerDigits() + fraction;
  const std::optional<int64_t> parsed = scaled.size() > 9 ? std::nullopt : ParseInt(scaled);
  const auto places = static_cast<uint32_t>(fraction.size());
  if (!parsed || static_cast<uint64_t>(*parsed) * (places + 3) > kStatesMax) {
    return Status(StatusCode::kExhausted,
                  StrCat("multipleOf ", step.ToString(), " has too many remainders"))
        .WithReason("too_complex");
  }
  const auto modulus = static_cast<uint32_t>(*parsed);
  PANO_RETURN_IF_ERROR(budget.Spend(uint64_t{modulus} * (places + 3) * 10, "multiples"));
  // 0 begin, 1 after the sign, 2 zero, then [part][remainder]: part 0 is the integer part, part 1 +
  // j has j digits of the fraction; the last reads on over zeros.
  std::vector<Dfa::State> states(3 + size_t{modulus} * (places + 2));
  auto state_of = [modulus](uint32_t part, uint64_t remainder) {
    return static_cast<uint32_t>(3 + uint64_t{part} * modulus + remainder % modulus);
  };
  auto scaled_up = [&](uint64_t remainder, uint32_t digits) {
    for (; digits < places; ++digits) remainder = remainder * 10 % modulus;
    return remainder;
  };
  auto add = [&](uint32_t from, char32_t letter, uint32_t to) {
    states[from].edges.push_back({letter, letter, to});
  };
  add(0, '-', 1);
  for (uint32_t from : {0u, 1u}) {
    add(from, '0', 2);
    for (uint32_t digit = 1; digit <= 9; ++digit) add(from, '0' + digit, state_of(0, digit));
  }
  states[2].accepting = true;
  add(2, '.', state_of(1, 0));
  for (uint32_t remainder = 0; remainder < modulus; ++remainder) {
    const uint32_t integer = state_of(0, remainder);
    states[integer].accepting = scaled_up(remainder, 0) == 0;
    for (uint32_t digit = 0; digit <= 9; ++digit) {
      add(integer, '0' + digit, state_of(0, uint64_t{remainder} * 10 + digit));
    }
    add(integer, '.', state_of(1, remainder));
    for (uint32_t read = 0; read <= places; ++read) {
      const uint32_t place = state_of(1 + read, remainder);
      states[place].accepting = read > 0 && scaled_up(remainder, read) == 0;
      if (read == places) {
        add(place, '0', place);
        continue;
      }
      for (uint32_t digit = 0; digit <= 9; ++digit) {
        add(place, '0' + digit, state_of(2 + read, uint64_t{remainder} * 10 + digit));
      }
    }
  }
  if (places == 0) {
    // "5." is no number, "5.0" is: the point leads to a state of its own.
    const auto point = static_cast<uint32_t>(states.size());
    const size_t inner = states.size();
    states.resize(inner + modulus);
    for (uint32_t remainder = 0; remainder < modulus; ++remainder) {
      states[point + remainder].edges.push_back({'0', '0', state_of(1, remainder)});
      states[state_of(1, remainder)].accepting = remainder == 0;
    }
    for (size_t i = 2; i < 3 + size_t{modulus}; ++i) {
      for (Dfa::Edge& edge : states[i].edges) {
        if (edge.first == '.') edge.target = point + (edge.target - state_of(1, 0));
      }
    }
  }
  return Minimize(Dfa(std::move(states)));
}

// Exponents from `low` to `high`, with or without '+', with up to two zeros in front: "e+16",
// "e-07".
Result<Dfa> ExponentTexts(int64_t low, int64_t high, StepBudget& budget) {
  auto integers = [&budget](int64_t from, int64_t to) -> Result<Dfa> {
    NumberSet set;
    set.kind = NumberSet::Kind::kInteger;
    set.low = NumberBound{Decimal::Of(from)};
    set.high = NumberBound{Decimal::Of(to)};
    return PlainTexts(set, false, std::nullopt).Run(budget);
  };
  const RegexLimits limits;
  Nfa nfa(limits);
  auto zeros = [&nfa](uint32_t next) {
    const CharSet zero = CharSet::Of('0');
    return nfa.AddChoice(next, nfa.AddSet(zero, nfa.AddChoice(next, nfa.AddSet(zero, next))));
  };
  std::vector<uint32_t> ways;
  if (high >= 0) {
    PANO_ASSIGN_OR_RETURN(const Dfa above, integers(std::max<int64_t>(low, 0), high));
    const uint32_t digits = zeros(nfa.AddDfa(above, nfa.end()));
    ways.push_back(nfa.AddChoice(digits, nfa.AddSet(CharSet::Of('+'), digits)));
  }
  if (low < 0) {
    PANO_ASSIGN_OR_RETURN(const Dfa below, integers(std::max<int64_t>(-high, 1), -low));
    ways.push_back(nfa.AddSet(CharSet::Of('-'), zeros(nfa.AddDfa(below, nfa.end()))));
  }
  const uint32_t entry = ways.size() == 1 ? ways[0] : nfa.AddChoice(ways[0], ways[1]);
  return nfa.Determinize(nfa.AddSet(CharSet({{'E', 'E'}, {'e', 'e'}}), entry), budget);
}

constexpr int64_t kExponentMin = -307;  // of a normal double
constexpr int64_t kExponentMax = 307;

// Adds to `ways` the texts with an exponent of magnitudes between `low` and `high`.
Status AddScientific(const std::optional<NumberBound>& low, const std::optional<NumberBound>& high,
                     bool negative, Nfa& nfa, std::vector<uint32_t>& ways, StepBudget& budget) {
  const bool from_zero = !low || low->value.zero();
  if (high && high->value.zero()) return OkStatus();
  const int64_t first = from_zero ? kExponentMin - 1 : low->value.exponent() - 1;
  const int64_t last = high ? high->value.exponent() - 1 : kExponentMax + 1;
  auto add = [&](const std::optional<NumberBound>& from, const std::optional<NumberBound>& to,
                 int64_t exponent_low, int64_t exponent_high) -> Status {
    exponent_low = std::max(exponent_low, kExponentMin);
    exponent_high = std::min(exponent_high, kExponentMax);
    if (exponent_low > exponent_high) return OkStatus();
    NumberSet mantissas;
    mantissas.low = NumberBound{Decimal::Of(int64_t{1})};
    if (from) mantissas.low = NumberBound{from->value.Mantissa(), from->exclusive};
    mantissas.high =
        to ? NumberBound{to->value.Mantissa(), to->exclusive} : std::optional<NumberBound>();
    if (mantissas.impossible()) return OkStatus();
    PANO_ASSIGN_OR_RETURN(const Dfa mantissa, PlainRange(mantissas, /*one_digit=*/true, budget));
    if (mantissa.empty()) return OkStatus();
    PANO_ASSIGN_OR_RETURN(const Dfa exponent, ExponentTexts(exponent_low, exponent_high, budget));
    const uint32_t entry = nfa.AddDfa(mantissa, nfa.AddDfa(exponent, nfa.end()));
    ways.push_back(negative ? nfa.AddSet(CharSet::Of('-'), entry) : entry);
    return OkStatus();
  };
  const std::optional<NumberBound> none;
  if (first == last) return add(from_zero ? none : low, high, first, last);
  if (!from_zero) PANO_RETURN_IF_ERROR(add(low, none, first, first));
  if (high) PANO_RETURN_IF_ERROR(add(none, high, last, last));
  return add(none, none, first + 1, last - 1);
}

Result<Dfa> WithScientific(const NumberSet& set, const Dfa& plain, StepBudget& budget) {
  const RegexLimits limits;
  Nfa nfa(limits);
  std::vector<uint32_t> ways;
  if (!plain.empty()) ways.push_back(nfa.AddDfa(plain, nfa.end()));
  if (!set.high || set.high->value.sign() > 0) {
    std::optional<NumberBound> low = set.low;
    if (low && low->value.sign() <= 0) low.reset();
    PANO_RETURN_IF_ERROR(AddScientific(low, set.high, false, nfa, ways, budget));
  }
  if (!set.low || set.low->value.sign() < 0) {
    std::optional<NumberBound> low, high;
    if (set.high && set.high->value.sign() < 0) {
      low = NumberBound{set.high->value.Negated(), set.high->exclusive};
    }
    if (set.low) high = NumberBound{set.low->value.Negated(), set.low->exclusive};
    PANO_RETURN_IF_ERROR(AddScientific(low, high, true, nfa, ways, budget));
  }
  if (ways.empty()) return Dfa();
  uint32_t entry = ways[0];
  for (size_t i = 1; i < ways.size(); ++i) entry = nfa.AddChoice(ways[i], entry);
  return nfa.Determinize(entry, budget);
}

// One number: its plain form, and where it is long that with an exponent as Python and JavaScript
// print it.
Dfa PointTexts(const Decimal& value, bool integer_only) {
  std::vector<std::string> texts;
  constexpr int64_t kPlainDigitsMax = 400;
  const std::string sign = value.negative() ? "-" : "";
  if (value.exponent() <= kPlainDigitsMax && value.exponent() >= -kPlainDigitsMax) {
    texts.push_back(value.ToString());
    if (value.integer() && !integer_only) texts.push_back(value.ToString() + ".0");
  }
  const int64_t power = value.exponent() - 1;
  if (!integer_only && !value.zero() && (power >= 16 || power < -4)) {
    const std::string& digits = value.digits();
    const std::string mantissa =
        StrCat(sign, digits.substr(0, 1), digits.size() > 1 ? "." : "", digits.substr(1), "e");
    const std::string magnitude = StrCat(power < 0 ? -power : power);
    texts.push_back(StrCat(mantissa, power < 0 ? "-" : "+", magnitude));
    texts.push_back(
        StrCat(mantissa, power < 0 ? "-" : "+", magnitude.size() < 2 ? "0" : "", magnitude));
    if (power > 0) texts.push_back(StrCat(mantissa, magnitude));
  }
  return Dfa::Of(std::move(texts));
}

Result<Dfa> AnyNumberTexts(bool integer, StepBudget& budget) {
  // No text is too large for a double where it has an exponent.
  constexpr std::string_view kIntegers = R"(-?(?:0|[1-9]\d*))";
  constexpr std::string_view kNumbers =
      R"(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE]-\d{1,3})?|)"
      R"(-?(?:0|[1-9]\d{0,15})(?:\.\d+)?[eE]\+?0{0,2}(?:\d|[1-9]\d|1\d\d|2[0-7]\d)|)"
      R"(-?\d(?:\.\d+)?[eE]\+?(?:2\d\d|30[0-7]))";
  return CompileRegexDfa(integer ? kIntegers : kNumbers, RegexDialect::kEcma, false, budget);
}

}  // namespace

Result<Dfa> NumberTexts(const NumberSet& set, StepBudget& budget) {
  if (set.impossible()) return Dfa();
  const bool integer = set.kind == NumberSet::Kind::kInteger;
  if (set.unlimited()) return AnyNumberTexts(integer, budget);
  Dfa texts;
  if (const std::optional<Decimal> point = set.point()) {
    if (integer && !point->integer()) return Dfa();
    texts = PointTexts(*point, integer);
  } else {
    PANO_ASSIGN_OR_RETURN(texts, PlainRange(set, /*one_digit=*/false, budget));
  }
  // No more digits than a double keeps: a reader must not round to what is excluded.
  std::string_view short_texts;
  if (!integer && !set.not_multiples.empty()) short_texts = R"(-?\d{1,9}(?:\.\d{1,6})?)";
  if (set.kind == NumberSet::Kind::kFraction) {
    // A millionth or more away from every integer.
    short_texts = R"(-?\d{1,9}\.(?:0{0,5}[1-8]\d*|0{1,5}9\d*|9{1,5}[0-8]\d*|9{1,5}))";
  }
  if (!short_texts.empty()) {
    PANO_ASSIGN_OR_RETURN(const Dfa kept,
                          CompileRegexDfa(short_texts, RegexDialect::kEcma, false, budget));
    PANO_ASSIGN_OR_RETURN(texts, Intersect(texts, kept, budget));
  }
  for (const Decimal& step : set.multiples) {
    PANO_ASSIGN_OR_RETURN(const Dfa multiples, MultipleTexts(step, budget));
    PANO_ASSIGN_OR_RETURN(texts, Intersect(texts, multiples, budget));
  }
  for (const Decimal& step : set.not_multiples) {
    PANO_ASSIGN_OR_RETURN(const Dfa multiples, MultipleTexts(step, budget));
    PANO_ASSIGN_OR_RETURN(texts, Subtract(texts, multiples, budget));
  }
  const bool plain_only = integer || set.kind == NumberSet::Kind::kFraction ||
                          !set.multiples.empty() || !set.not_multiples.empty() || set.point();
  return plain_only ? std::move(texts) : WithScientific(set, texts, budget);
}

}  // namespace pano::grammar
