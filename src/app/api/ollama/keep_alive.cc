#include "app/api/ollama/keep_alive.h"

#include <string_view>

#include "app/api/failure.h"
#include "base/strings.h"

namespace pano::api::ollama {
namespace {

Status Wrong() {
  return BadField("keep_alive", "'keep_alive' must be a number of seconds or a duration such as \"5m\"");
}

// A duration as Go writes it: numbers, each with a unit, a sign before them. Whether it is zero.
Result<bool> IsZeroDuration(std::string_view text) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  if (text.empty() || text.size() > 64) return Wrong();
  bool zero = true;
  while (!text.empty()) {
    const size_t digits = text.find_first_not_of("0123456789.");
    const std::string_view number = text.substr(0, digits);
    if (!ParseDouble(number)) return Wrong();
    zero = zero && number.find_first_of("123456789") == std::string_view::npos;
    if (digits == std::string_view::npos) return Wrong();  // a unit is missing
    text.remove_prefix(digits);
    bool known = false;
    for (std::string_view unit : {"ns", "us", "\u00b5s", "ms", "h", "m", "s"}) {
      if (!text.starts_with(unit)) continue;
      text.remove_prefix(unit.size());
      known = true;
      break;
    }
    if (!known) return Wrong();
  }
  return zero;
}

}  // namespace

Result<bool> AsksToUnload(const json::Value& body) {
  const json::Value* value = body.Find("keep_alive");
  if (!value || value->is_null()) return false;
  if (value->is_number()) return value->as_double() == 0;
  if (!value->is_string()) return Wrong();
  const std::string& text = value->as_string();
  if (text.empty()) return false;
  // A number of seconds as a text.
  if (const auto seconds = ParseInt(text)) return *seconds == 0;
  return IsZeroDuration(text);
}

}  // namespace pano::api::ollama
