#include "model/grammar/json_schema/decimal.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include "base/check.h"
#include "base/strings.h"

namespace pano::grammar {
namespace {

// `digits`, of an integer, plus one.
std::string Incremented(std::string digits) {
  size_t at = digits.size();
  while (at > 0 && digits[at - 1] == '9') digits[--at] = '0';
  if (at == 0) return "1" + digits;
  ++digits[at - 1];
  return digits;
}

}  // namespace

Decimal::Decimal(bool negative, std::string digits, int64_t exponent)
    : negative_(negative), digits_(std::move(digits)), exponent_(exponent) {
  const size_t first = digits_.find_first_not_of('0');
  if (first == std::string::npos) {
    *this = Decimal();
    return;
  }
  digits_.erase(0, first);
  exponent_ -= static_cast<int64_t>(first);
  digits_.erase(digits_.find_last_not_of('0') + 1);
}

Decimal Decimal::Of(int64_t value) {
  std::string text = StrCat(value);
  const bool negative = text.starts_with('-');
  if (negative) text.erase(0, 1);
  const auto length = static_cast<int64_t>(text.size());
  return Decimal(negative, std::move(text), length);
}

Decimal Decimal::Of(double value) {
  std::array<char, 64> buffer{};
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                          std::chars_format::scientific);
  PANO_CHECK(error == std::errc());
  std::string_view text(buffer.data(), static_cast<size_t>(end - buffer.data()));
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const size_t e = text.find('e');
  PANO_CHECK(e != std::string_view::npos);
  std::string digits(text.substr(0, e));
  std::erase(digits, '.');
  std::string_view power = text.substr(e + 1);
  if (power.starts_with('+')) power.remove_prefix(1);
  return Decimal(negative, std::move(digits), ParseInt(power).value_or(0) + 1);
}

std::optional<Decimal> Decimal::Of(const json::Value& value) {
  if (value.is_int()) return Of(value.as_int());
  constexpr double kExactMax = 9223372036854775808.0;  // 2^63
  if (std::abs(value.as_double()) >= kExactMax) return std::nullopt;
  return Of(value.as_double());
}

Decimal Decimal::BoundOf(const json::Value& value, bool low) {
  if (const std::optional<Decimal> exact = Of(value)) return *exact;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const double next = std::nextafter(value.as_double(), low ? kInfinity : -kInfinity);
  return Of(std::isfinite(next) ? next : value.as_double());
}

std::string Decimal::IntegerDigits() const {
  if (exponent_ <= 0) return "0";
  const auto length = static_cast<size_t>(exponent_);
  std::string out = digits_.substr(0, length);
  out.append(length - out.size(), '0');
  return out;
}

std::string Decimal::FractionDigits() const {
  if (integer()) return "";
  if (exponent_ >= 0) return digits_.substr(static_cast<size_t>(exponent_));
  return std::string(static_cast<size_t>(-exponent_), '0') + digits_;
}

std::string Decimal::ToString() const {
  const std::string fraction = FractionDigits();
  return StrCat(negative_ ? "-" : "", IntegerDigits(), fraction.empty() ? "" : ".", fraction);
}

Decimal Decimal::Negated() const {
  Decimal out = *this;
  out.negative_ = !negative_ && !zero();
  return out;
}

Decimal Decimal::Floor() const {
  if (integer()) return *this;
  std::string digits = IntegerDigits();
  if (negative_) digits = Incremented(std::move(digits));
  const auto length = static_cast<int64_t>(digits.size());
  return Decimal(negative_, std::move(digits), length);
}

Decimal Decimal::Ceiling() const { return Negated().Floor().Negated(); }

Decimal Decimal::Next() const {
  if (!negative_) {
    std::string digits = Incremented(IntegerDigits());
    const auto length = static_cast<int64_t>(digits.size());
    return Decimal(false, std::move(digits), length);
  }
  // Towards zero: the digits less one.
  std::string digits = IntegerDigits();
  size_t at = digits.size();
  while (digits[at - 1] == '0') digits[--at] = '9';
  --digits[at - 1];
  const auto length = static_cast<int64_t>(digits.size());
  return Decimal(true, std::move(digits), length);
}

Decimal Decimal::Scaled(int64_t power) const {
  Decimal out = *this;
  if (!zero()) out.exponent_ += power;
  return out;
}

Decimal Decimal::Mantissa() const {
  Decimal out = *this;
  out.exponent_ = 1;
  return out;
}

std::strong_ordering Decimal::operator<=>(const Decimal& other) const {
  if (sign() != other.sign()) return sign() <=> other.sign();
  if (zero()) return std::strong_ordering::equal;
  std::strong_ordering magnitude = exponent_ <=> other.exponent_;
  if (magnitude == 0) magnitude = digits_.compare(other.digits_) <=> 0;
  if (!negative_) return magnitude;
  return 0 <=> magnitude;
}

}  // namespace pano::grammar
