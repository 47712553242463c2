#include "base/closest_name.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "base/strings.h"

namespace pano {
namespace {

constexpr size_t kLengthMax = 64;

char Fold(char c) {
  if (c >= 'A' && c <= 'Z') return static_cast<char>(c - 'A' + 'a');
  return c == '-' ? '_' : c;
}

bool BeginsWith(std::string_view name, std::string_view beginning) {
  return name.size() > beginning.size() &&
         std::equal(beginning.begin(), beginning.end(), name.begin(),
                    [](char a, char b) { return Fold(a) == Fold(b); });
}

// Optimal string alignment distance: Levenshtein's, and neighbours swapped count once.
size_t Distance(std::string_view a, std::string_view b) {
  using Row = std::array<size_t, kLengthMax + 1>;
  Row before{}, last{}, row{};
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    before = last;
    last = row;
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const bool same = Fold(a[i - 1]) == Fold(b[j - 1]);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0 : 1)});
      const bool swapped = i > 1 && j > 1 && Fold(a[i - 1]) == Fold(b[j - 2]) &&
                           Fold(a[i - 2]) == Fold(b[j - 1]);
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return row[b.size()];
}

}  // namespace

std::string_view ClosestName(std::string_view name, std::span<const std::string_view> names) {
  if (name.size() < 2 || name.size() > kLengthMax) return {};
  std::string_view closest;
  size_t closest_distance = kLengthMax;
  std::string_view longer;
  size_t longer_count = 0;
  for (std::string_view candidate : names) {
    if (candidate.empty() || candidate.size() > kLengthMax) continue;
    const size_t distance = Distance(name, candidate);
    const size_t limit = std::max<size_t>(1, std::max(name.size(), candidate.size()) / 3);
    if (distance <= limit && distance < closest_distance && distance < candidate.size()) {
      closest = candidate;
      closest_distance = distance;
    }
    if (name.size() >= 3 && BeginsWith(candidate, name)) {
      longer = candidate;
      ++longer_count;
    }
  }
  if (closest.empty() && longer_count == 1) return longer;
  return closest;
}

std::string DidYouMean(std::string_view name, std::span<const std::string_view> names) {
  const std::string_view closest = ClosestName(name, names);
  return closest.empty() ? std::string() : StrCat("; did you mean '", closest, "'?");
}

}  // namespace pano
