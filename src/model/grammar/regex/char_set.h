#pragma once

#include <cstddef>
#include <vector>

namespace pano::grammar {

// Code points from `first` to `last`, both included.
struct CharRange {
  char32_t first = 0;
  char32_t last = 0;
  bool operator==(const CharRange&) const = default;
};

// A set of Unicode scalar values (code points without the surrogates) as sorted ranges that neither
// overlap nor touch. A value; thread-compatible.
class CharSet {
 public:
  CharSet() = default;
  // From ranges in any order; surrogates and what lies above U+10FFFF are dropped.
  explicit CharSet(std::vector<CharRange> ranges);
  static CharSet Of(char32_t c) { return CharSet({{c, c}}); }
  static const CharSet& Any();

  const std::vector<CharRange>& ranges() const { return ranges_; }
  bool empty() const { return ranges_.empty(); }
  bool Contains(char32_t c) const;
  // How many scalar values it holds.
  size_t Count() const;

  CharSet Union(const CharSet& other) const;
  CharSet Intersect(const CharSet& other) const;
  CharSet Complement() const;
  CharSet Subtract(const CharSet& other) const { return Intersect(other.Complement()); }

  bool operator==(const CharSet&) const = default;

 private:
  std::vector<CharRange> ranges_;
};

}  // namespace pano::grammar
