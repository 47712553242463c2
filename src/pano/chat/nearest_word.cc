#include "pano/chat/nearest_word.h"

#include <algorithm>
#include <vector>

namespace pano::chat {
namespace {

// Insertions, deletions, exchanges and swaps of neighbours that turn one word into the other (optimal
// string alignment).
size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::vector<size_t>> d(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    for (size_t j = 1; j <= b.size(); ++j) {
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1,
                          d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
      }
    }
  }
  return d[a.size()][b.size()];
}

}  // namespace

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
