// Sets of numbers against plain comparisons: every text that a set takes is a number of it, and the
// plain spellings of its numbers are taken.
#include "model/grammar/json_schema/number_set.h"

#include <gtest/gtest.h>

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/strings.h"

namespace pano::grammar {
namespace {

Dfa Texts(const NumberSet& set) {
  StepBudget budget(20'000'000);
  Result<Dfa> dfa = NumberTexts(set, budget);
  EXPECT_TRUE(dfa.ok()) << dfa.error().ToString();
  return dfa.ok() ? *dfa : Dfa();
}

// In units of 1/8, so that doubles and decimals agree.
struct Drawn {
  NumberSet set;
  std::optional<int64_t> low, high;
  bool low_open = false, high_open = false;
  std::vector<int64_t> steps, not_steps;

  bool Holds(int64_t eighths) const {
    if (low && (low_open ? eighths <= *low : eighths < *low)) return false;
    if (high && (high_open ? eighths >= *high : eighths > *high)) return false;
    if (set.kind == NumberSet::Kind::kInteger && eighths % 8 != 0) return false;
    if (set.kind == NumberSet::Kind::kFraction && eighths % 8 == 0) return false;
    for (int64_t step : steps) {
      if (eighths % step != 0) return false;
    }
    for (int64_t step : not_steps) {
      if (eighths % step == 0) return false;
    }
    return true;
  }
};

Decimal Eighths(int64_t n) { return Decimal::Of(static_cast<double>(n) / 8); }

Drawn Draw(Random& random) {
  Drawn out;
  out.set.kind = static_cast<NumberSet::Kind>(random.Below(3));
  const int64_t spread = random.Below(2) == 0 ? 100 : 20'000;
  auto bound = [&] { return static_cast<int64_t>(random.Below(static_cast<uint64_t>(2 * spread))) - spread; };
  if (random.Below(3) != 0) {
    out.low = bound();
    out.low_open = random.Below(2) == 0;
    out.set.low = NumberBound{Eighths(*out.low), out.low_open};
  }
  if (random.Below(3) != 0) {
    out.high = bound();
    out.high_open = random.Below(2) == 0;
    out.set.high = NumberBound{Eighths(*out.high), out.high_open};
  }
  auto step = [&] { return (static_cast<int64_t>(random.Below(8)) + 1) * (random.Below(2) == 0 ? 1 : 8); };
  if (random.Below(4) == 0) {
    out.steps.push_back(step());
    out.set.multiples.push_back(Eighths(out.steps[0]));
  }
  if (random.Below(6) == 0) {
    out.not_steps.push_back(step());
    out.set.not_multiples.push_back(Eighths(out.not_steps[0]));
  }
  return out;
}

TEST(NumberSetTest, TextsAreThoseOfTheSet) {
  Random random(7);
  for (int round = 0; round < 400; ++round) {
    const Drawn drawn = Draw(random);
    const Dfa texts = Texts(drawn.set);
    for (int i = 0; i < 60; ++i) {
      int64_t eighths = static_cast<int64_t>(random.Below(40'001)) - 20'000;
      if (i % 2 == 0) eighths %= 120;
      if (i % 5 == 0 && drawn.low) eighths = *drawn.low + static_cast<int64_t>(random.Below(3)) - 1;
      if (i % 7 == 0 && drawn.high) eighths = *drawn.high + static_cast<int64_t>(random.Below(3)) - 1;
      const std::string text = Eighths(eighths).ToString();
      ASSERT_EQ(texts.Accepts(text), drawn.Holds(eighths))
          << "round " << round << ": " << text << " kind " << static_cast<int>(drawn.set.kind) << " low "
          << (drawn.low ? StrCat(static_cast<double>(*drawn.low) / 8, drawn.low_open ? "(" : "[") : "none")
          << " high " << (drawn.high ? StrCat(static_cast<double>(*drawn.high) / 8, drawn.high_open ? ")" : "]") : "none");
      for (const std::string& other : {text + ".0", "0" + text, text + ".", "+" + text, text + "e0"}) {
        // Taken or not, what is taken is right.
        if (!texts.Accepts(other)) continue;
        ASSERT_TRUE(drawn.Holds(eighths)) << other;
        ASSERT_TRUE(other != "0" + text && other != "+" + text && !other.ends_with('.')) << other;
      }
    }
  }
}

TEST(NumberSetTest, ExponentsStayWithinTheBounds) {
  Random random(11);
  size_t taken = 0;
  for (int round = 0; round < 300; ++round) {
    NumberSet set;
    auto draw = [&] {
      const double magnitude = std::pow(10.0, static_cast<double>(random.Below(12)) - 6);
      const double value = static_cast<double>(random.Below(999) + 1) / 100 * magnitude;
      return random.Below(3) == 0 ? -value : value;
    };
    if (random.Below(3) != 0) set.low = NumberBound{Decimal::Of(draw()), random.Below(2) == 0};
    if (random.Below(3) != 0) set.high = NumberBound{Decimal::Of(draw()), random.Below(2) == 0};
    if (set.impossible()) continue;
    const Dfa texts = Texts(set);
    for (int i = 0; i < 60; ++i) {
      const std::string mantissa = StrCat(random.Below(3) == 0 ? "-" : "", random.Below(9) + 1,
                                          random.Below(2) == 0 ? "" : StrCat(".", random.Below(1000)));
      const std::string sign = i % 3 == 0 ? "-" : i % 3 == 1 ? "+" : "";
      const std::string text = StrCat(mantissa, "e", sign, random.Below(2) == 0 ? "0" : "", random.Below(8) + 1);
      const double value = std::strtod(text.c_str(), nullptr);
      const Decimal exact = Decimal::Of(value);
      const bool holds = (!set.low || (set.low->exclusive ? exact > set.low->value : exact >= set.low->value)) &&
                         (!set.high || (set.high->exclusive ? exact < set.high->value : exact <= set.high->value));
      ASSERT_EQ(texts.Accepts(text), holds || (value == 0 && texts.Accepts(text))) << text;
      taken += holds ? 1 : 0;
    }
  }
  EXPECT_GT(taken, 1000u);
}

TEST(NumberSetTest, PointsHaveTheSpellingsOfTheirKind) {
  auto accepted = [](double value, bool integer) {
    NumberSet set = NumberSet::Point(Decimal::Of(value));
    if (integer) set.kind = NumberSet::Kind::kInteger;
    return *Texts(set).Texts(20);
  };
  EXPECT_EQ(accepted(5, true), std::vector<std::string>({"5"}));
  EXPECT_EQ(accepted(-5, false), std::vector<std::string>({"-5", "-5.0"}));
  EXPECT_EQ(accepted(2.5, false), std::vector<std::string>({"2.5"}));
  EXPECT_EQ(accepted(2.5, true), std::vector<std::string>());
  const Dfa large = Texts(NumberSet::Point(Decimal::Of(1.5e20)));
  for (const char* text : {"1.5e+20", "1.5e20", "150000000000000000000"}) EXPECT_TRUE(large.Accepts(text)) << text;
  const Dfa small = Texts(NumberSet::Point(Decimal::Of(1e-7)));
  for (const char* text : {"1e-07", "1e-7", "0.0000001"}) EXPECT_TRUE(small.Accepts(text)) << text;
}

TEST(NumberSetTest, AnExclusiveBoundIsNotRoundedInto) {
  NumberSet set;
  set.low = NumberBound{Decimal::Of(int64_t{0}), true};
  set.high = NumberBound{Decimal::Of(0.3), true};
  const Dfa texts = Texts(set);
  for (const char* text : {"0.1", "0.29", "0.0001", "1e-05", "0.299999999999", "2.5e-300", "0.13333333333333333333"}) {
    EXPECT_TRUE(texts.Accepts(text)) << text;
  }
  // A reader makes 0.3 and 0 of these.
  EXPECT_FALSE(texts.Accepts("0.29999999999999999999"));
  EXPECT_FALSE(texts.Accepts(StrCat("0.", std::string(400, '0'), "1")));
  EXPECT_FALSE(texts.Accepts("1e-400"));
}

TEST(NumberSetTest, OppositesPartTheNumbers) {
  Random random(3);
  for (int round = 0; round < 200; ++round) {
    const Drawn drawn = Draw(random);
    const std::vector<NumberSet> opposite = Complement(drawn.set);
    std::vector<Dfa> texts;
    for (const NumberSet& set : opposite) texts.push_back(Texts(set));
    for (int i = 0; i < 40; ++i) {
      const int64_t eighths = static_cast<int64_t>(random.Below(400)) - 200;
      const std::string text = Eighths(eighths).ToString();
      bool found = false;
      for (const Dfa& dfa : texts) found = found || dfa.Accepts(text);
      ASSERT_EQ(found, !drawn.Holds(eighths)) << "round " << round << ": " << text;
    }
  }
}

TEST(NumberSetTest, EmptyIntervalsAreSeen) {
  auto between = [](double low, bool low_open, double high, bool high_open, NumberSet::Kind kind) {
    return NumberSet{kind, NumberBound{Decimal::Of(low), low_open}, NumberBound{Decimal::Of(high), high_open}, {}, {}}
        .impossible();
  };
  using Kind = NumberSet::Kind;
  EXPECT_TRUE(between(1, false, 0, false, Kind::kAny));
  EXPECT_TRUE(between(1, true, 1, false, Kind::kAny));
  EXPECT_FALSE(between(1, false, 1, false, Kind::kAny));
  EXPECT_TRUE(between(0.25, false, 0.75, false, Kind::kInteger));
  EXPECT_TRUE(between(1, true, 2, true, Kind::kInteger));
  EXPECT_FALSE(between(1, true, 3, true, Kind::kInteger));
  EXPECT_FALSE(between(-1, true, 1, true, Kind::kInteger));
  EXPECT_TRUE(between(-1, true, 0, true, Kind::kInteger));
  EXPECT_TRUE(between(2, false, 2, false, Kind::kFraction));
}

TEST(NumberSetTest, ManyRemaindersAreRefused) {
  StepBudget budget(1'000'000);
  NumberSet set;
  set.multiples.push_back(Decimal::Of(0.000123457));
  EXPECT_EQ(NumberTexts(set, budget).error().code(), StatusCode::kExhausted);
}

}  // namespace
}  // namespace pano::grammar
