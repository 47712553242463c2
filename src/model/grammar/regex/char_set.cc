#include "model/grammar/regex/char_set.h"

#include <algorithm>
#include <utility>

namespace pano::grammar {
namespace {

constexpr char32_t kSurrogateFirst = 0xd800;
constexpr char32_t kSurrogateLast = 0xdfff;
constexpr char32_t kLast = 0x10ffff;

}  // namespace

CharSet::CharSet(std::vector<CharRange> ranges) {
  std::vector<CharRange> parts;
  parts.reserve(ranges.size());
  for (CharRange range : ranges) {
    range.last = std::min(range.last, kLast);
    if (range.first > range.last) continue;
    if (range.last < kSurrogateFirst || range.first > kSurrogateLast) {
      parts.push_back(range);
      continue;
    }
    if (range.first < kSurrogateFirst) parts.push_back({range.first, kSurrogateFirst - 1});
    if (range.last > kSurrogateLast) parts.push_back({kSurrogateLast + 1, range.last});
  }
  std::sort(parts.begin(), parts.end(),
            [](const CharRange& a, const CharRange& b) { return a.first < b.first; });
  // Kept apart at the surrogates, so that a range never spans them.
  for (const CharRange& part : parts) {
    if (!ranges_.empty() && part.first <= ranges_.back().last + 1) {
      ranges_.back().last = std::max(ranges_.back().last, part.last);
    } else {
      ranges_.push_back(part);
    }
  }
}

const CharSet& CharSet::Any() {
  static const CharSet any({{0, kLast}});
  return any;
}

bool CharSet::Contains(char32_t c) const {
  auto after = std::upper_bound(ranges_.begin(), ranges_.end(), c,
                                [](char32_t value, const CharRange& r) { return value < r.first; });
  return after != ranges_.begin() && c <= std::prev(after)->last;
}

size_t CharSet::Count() const {
  size_t count = 0;
  for (const CharRange& range : ranges_) count += range.last - range.first + 1;
  return count;
}

CharSet CharSet::Union(const CharSet& other) const {
  std::vector<CharRange> all = ranges_;
  all.insert(all.end(), other.ranges_.begin(), other.ranges_.end());
  return CharSet(std::move(all));
}

CharSet CharSet::Intersect(const CharSet& other) const {
  CharSet out;
  size_t a = 0, b = 0;
  while (a < ranges_.size() && b < other.ranges_.size()) {
    const char32_t first = std::max(ranges_[a].first, other.ranges_[b].first);
    const char32_t last = std::min(ranges_[a].last, other.ranges_[b].last);
    if (first <= last) out.ranges_.push_back({first, last});
    if (ranges_[a].last < other.ranges_[b].last) {
      ++a;
    } else {
      ++b;
    }
  }
  return out;
}

CharSet CharSet::Complement() const {
  std::vector<CharRange> gaps;
  char32_t next = 0;
  for (const CharRange& range : ranges_) {
    if (range.first > next) gaps.push_back({next, range.first - 1});
    next = range.last + 1;
  }
  if (next <= kLast) gaps.push_back({next, kLast});
  return CharSet(std::move(gaps));
}

}  // namespace pano::grammar
