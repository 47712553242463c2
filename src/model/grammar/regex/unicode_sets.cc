#include "model/grammar/regex/unicode_sets.h"

#include <unicode/uset.h>
#include <unicode/ustring.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/strings.h"

namespace pano::grammar {
namespace {

struct CloseSet {
  void operator()(USet* set) const { uset_close(set); }
};
using SetPtr = std::unique_ptr<USet, CloseSet>;

// The code points of `set`; the strings that case closure may have added are left out.
CharSet FromIcu(const USet* set) {
  std::vector<CharRange> ranges;
  const int32_t count = uset_getItemCount(set);
  for (int32_t i = 0; i < count; ++i) {
    UChar32 first = 0, last = 0;
    UErrorCode error = U_ZERO_ERROR;
    if (uset_getItem(set, i, &first, &last, nullptr, 0, &error) != 0 || U_FAILURE(error)) continue;
    ranges.push_back({static_cast<char32_t>(first), static_cast<char32_t>(last)});
  }
  return CharSet(std::move(ranges));
}

}  // namespace

std::optional<CharSet> UnicodeProperty(std::string_view name) {
  constexpr size_t kNameMax = 64;
  if (name.empty() || name.size() > kNameMax) return std::nullopt;
  for (char c : name) {
    const bool known = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '_' || c == '=' || c == '-' || c == ' ';
    if (!known) return std::nullopt;
  }
  const std::string pattern = StrCat("[\\p{", name, "}]");
  const std::u16string wide(pattern.begin(), pattern.end());
  UErrorCode error = U_ZERO_ERROR;
  const SetPtr set(uset_openPattern(wide.data(), static_cast<int32_t>(wide.size()), &error));
  if (U_FAILURE(error) || set == nullptr) return std::nullopt;
  return FromIcu(set.get());
}

CharSet CloseOverCase(const CharSet& set) {
  const SetPtr closed(uset_openEmpty());
  for (const CharRange& range : set.ranges()) {
    uset_addRange(closed.get(), static_cast<UChar32>(range.first),
                  static_cast<UChar32>(range.last));
  }
  uset_closeOver(closed.get(), USET_CASE_INSENSITIVE);
  return FromIcu(closed.get());
}

}  // namespace pano::grammar
