#include "app/api/policy/deadline.h"

#include <algorithm>

#include "app/api/failure.h"
#include "app/api/fields.h"
#include "base/strings.h"

namespace pano::api {
namespace {

constexpr char kHeader[] = "grpc-timeout";
constexpr char kField[] = "deadline_ms";

// Longer ones mean the same: nothing waits that long, and clocks do not overflow.
constexpr Duration kDeadlineMax = std::chrono::hours(24 * 365);

std::optional<Duration> UnitOf(char unit) {
  switch (unit) {
    case 'H': return std::chrono::hours(1);
    case 'M': return std::chrono::minutes(1);
    case 'S': return std::chrono::seconds(1);
    case 'm': return std::chrono::milliseconds(1);
    case 'u': return std::chrono::microseconds(1);
    case 'n': return std::chrono::nanoseconds(1);
    default: return std::nullopt;
  }
}

Status ReadField(const json::Value* object, std::optional<Duration>& deadline) {
  const json::Value* value = object ? object->Find(kField) : nullptr;
  if (!value || value->is_null()) return {};
  const double ms = value->is_number() ? value->as_double() : -1;
  if (!(ms >= 1 && ms <= kTimeoutMsMax) || ms != static_cast<double>(static_cast<int64_t>(ms))) {
    return BadField(kField, StrCat("'deadline_ms' has to be a whole number from 1 to ",
                                   static_cast<int64_t>(kTimeoutMsMax)));
  }
  const Duration given = std::chrono::milliseconds(static_cast<int64_t>(ms));
  deadline = deadline ? std::min(*deadline, given) : given;
  return {};
}

}  // namespace

Result<Duration> ParseGrpcTimeout(std::string_view text) {
  const auto wrong = [&] {
    return BadField(kHeader, StrCat("grpc-timeout is 1 to 8 digits and a unit, H, M, S, m, u or n, not '",
                                    Printable(text, 32), "'"));
  };
  if (text.size() < 2 || text.size() > 9) return wrong();
  int64_t number = 0;
  for (const char digit : text.substr(0, text.size() - 1)) {
    if (digit < '0' || digit > '9') return wrong();
    number = number * 10 + (digit - '0');
  }
  const std::optional<Duration> unit = UnitOf(text.back());
  if (!unit) return wrong();
  if (number > kDeadlineMax / *unit) return kDeadlineMax;
  return number * *unit;
}

Result<std::optional<Duration>> ReadDeadline(std::string_view grpc_timeout, const json::Value& body) {
  std::optional<Duration> deadline;
  if (!grpc_timeout.empty()) {
    PANO_ASSIGN_OR_RETURN(deadline, ParseGrpcTimeout(grpc_timeout));
  }
  PANO_RETURN_IF_ERROR(ReadField(&body, deadline));
  PANO_RETURN_IF_ERROR(ReadField(body.Find("parameters"), deadline));
  return deadline;
}

}  // namespace pano::api
