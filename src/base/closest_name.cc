#include "base/closest_name.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>
#include <vector>

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

std::string Folded(std::string_view name) {
  std::string folded(name);
  std::ranges::transform(folded, folded.begin(), Fold);
  return folded;
}

}  // namespace

size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    std::swap(before, last);
    std::swap(last, row);
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const bool same = a[i - 1] == b[j - 1];
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0 : 1)});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return row[b.size()];
}

std::string_view ClosestName(std::string_view name, std::span<const std::string_view> names) {
  if (name.size() < 2 || name.size() > kLengthMax) return {};
  const std::string folded = Folded(name);
  std::string_view closest;
  size_t closest_distance = kLengthMax;
  std::string_view longer;
  size_t longer_count = 0;
  for (std::string_view candidate : names) {
    if (candidate.empty() || candidate.size() > kLengthMax) continue;
    const size_t distance = EditDistance(folded, Folded(candidate));
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
