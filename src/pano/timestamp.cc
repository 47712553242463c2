#include "pano/timestamp.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string_view>

#include "base/json.h"
#include "base/strings.h"

namespace pano::cli {
namespace {

// Reads the parts of a time from left to right.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool Skip(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  // Exactly so many digits, as a number in [0, max].
  bool Digits(size_t count, int max, int* out) {
    if (rest_.size() < count) return false;
    *out = 0;
    for (const char c : rest_.substr(0, count)) {
      if (c < '0' || c > '9') return false;
      *out = *out * 10 + (c - '0');
    }
    rest_.remove_prefix(count);
    return *out <= max;
  }
  void SkipDigits() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of("0123456789"), rest_.size()));
  }
  bool done() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

// "Z", "+02:00", "-0530" or nothing, in seconds to the east.
bool ReadOffset(Reader& in, int64_t* seconds) {
  *seconds = 0;
  if (in.done() || in.Skip('Z')) return true;
  const bool west = in.Skip('-');
  int hours = 0;
  int minutes = 0;
  if ((!west && !in.Skip('+')) || !in.Digits(2, 23, &hours)) return false;
  in.Skip(':');
  if (!in.done() && !in.Digits(2, 59, &minutes)) return false;
  *seconds = (west ? -1 : 1) * (hours * 3600 + minutes * 60);
  return true;
}

bool ReadIso(std::string_view text, int64_t* out) {
  Reader in(text);
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  int64_t offset = 0;
  if (!in.Digits(4, 9999, &year) || !in.Skip('-') || !in.Digits(2, 12, &month) || !in.Skip('-') ||
      !in.Digits(2, 31, &day)) {
    return false;
  }
  const std::chrono::year_month_day date(std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day)));
  if (!date.ok()) return false;
  if (in.Skip('T') || in.Skip(' ')) {
    if (!in.Digits(2, 23, &hour) || !in.Skip(':') || !in.Digits(2, 59, &minute)) return false;
    if (in.Skip(':') && !in.Digits(2, 59, &second)) return false;
    if (in.Skip('.')) in.SkipDigits();
  }
  if (!ReadOffset(in, &offset) || !in.done()) return false;
  const int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  *out = days * 86400 + hour * 3600 + minute * 60 + second - offset;
  return true;
}

}  // namespace

Result<int64_t> ParseTimestamp(const json::Value& value) {
  constexpr double kSecondsMax = 1e12;
  if (value.is_number() && std::fabs(value.as_double()) < kSecondsMax) {
    return static_cast<int64_t>(std::floor(value.as_double()));
  }
  int64_t out = 0;
  if (value.is_string() && ReadIso(value.as_string(), &out)) return out;
  return InvalidArgument("expected Unix seconds or ISO 8601, such as 2024-07-26T12:34:56");
}

}  // namespace pano::cli
