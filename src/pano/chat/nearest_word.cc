#include "pano/chat/nearest_word.h"

#include <cstddef>

#include "base/closest_name.h"

namespace pano::chat {

std::string_view NearestWord(std::string_view typed, std::span<const std::string_view> words) {
  constexpr size_t kTypedMax = 32;  // the work is the product of the lengths
  if (typed.size() > kTypedMax) return {};
  std::string_view best;
  size_t best_distance = 3;
  for (std::string_view word : words) {
    const bool begins = typed.size() >= 2 && word.starts_with(typed);
    const size_t distance = begins ? 0 : EditDistance(typed, word);
    // What differs by half of it or more is another word.
    if (distance >= best_distance || distance * 2 >= typed.size() + (begins ? 1 : 0)) continue;
    best = word;
    best_distance = distance;
  }
  return best;
}

}  // namespace pano::chat
