#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"

namespace pano::grammar {

// An exact decimal number: sign, digits and a power of ten, 0.DIGITS * 10^exponent, without zeros
// at either end of the digits; zero has none. A value; thread-compatible.
class Decimal {
 public:
  Decimal() = default;  // zero
  static Decimal Of(int64_t value);
  // The shortest decimal that reads back as `value`, which is what programs mean by a double they
  // write: 0.1, not 0.1000000000000000055. REQUIRES: finite.
  static Decimal Of(double value);
  // Of a number in a document; nothing for one from 2^63 on, of which reading kept a rounded
  // double. REQUIRES: value.is_number().
  static std::optional<Decimal> Of(const json::Value& value);
  // The same as a bound: a rounded one becomes the next double above (`low`) or below, so that it
  // excludes what it may have excluded. REQUIRES: value.is_number().
  static Decimal BoundOf(const json::Value& value, bool low);

  bool negative() const { return negative_; }
  bool zero() const { return digits_.empty(); }
  bool integer() const { return static_cast<int64_t>(digits_.size()) <= exponent_ || zero(); }
  const std::string& digits() const { return digits_; }
  int64_t exponent() const { return exponent_; }
  int sign() const { return zero() ? 0 : negative_ ? -1 : 1; }

  // Digits before the point ("0" where there are none) and behind it ("" where there are none).
  std::string IntegerDigits() const;
  std::string FractionDigits() const;
  // As JSON writes it without an exponent: "-12.5".
  std::string ToString() const;

  Decimal Negated() const;
  Decimal Magnitude() const { return negative_ ? Negated() : *this; }
  // The largest integer not above, the smallest not below.
  Decimal Floor() const;
  Decimal Ceiling() const;
  // The integer above. REQUIRES: integer().
  Decimal Next() const;
  // Times ten to the `power`.
  Decimal Scaled(int64_t power) const;
  // One power of ten times this number's digits, so that 1 <= the magnitude < 10. REQUIRES: not
  // zero.
  Decimal Mantissa() const;

  std::strong_ordering operator<=>(const Decimal& other) const;
  bool operator==(const Decimal& other) const = default;

 private:
  Decimal(bool negative, std::string digits, int64_t exponent);

  bool negative_ = false;
  std::string digits_;
  int64_t exponent_ = 0;
};

}  // namespace pano::grammar
