#include "model/engine/stop_matcher.h"

#include <algorithm>
#include <utility>

// Text that ends with a beginning of a stop string is held back; each new piece is searched
// together with it. Of several matches the one that is complete first wins, of those the longest.

namespace pano::engine {
namespace {

std::vector<std::string> WithoutEmpty(std::vector<std::string> stops) {
  std::erase_if(stops, [](const std::string& stop) { return stop.empty(); });
  return stops;
}

}  // namespace

StopMatcher::StopMatcher(std::vector<std::string> stops, bool include_stop)
    : stops_(WithoutEmpty(std::move(stops))), include_stop_(include_stop) {}

std::string StopMatcher::Push(std::string_view piece) {
  if (matched()) return "";
  if (stops_.empty()) return std::string(piece);
  held_.append(piece);
  size_t match_end = std::string::npos;
  for (const std::string& stop : stops_) {
    size_t begin = held_.find(stop);
    if (begin == std::string::npos) continue;
    size_t end = begin + stop.size();
    bool better = matched_ == nullptr || end < match_end ||
                  (end == match_end && stop.size() > matched_->size());
    if (!better) continue;
    matched_ = &stop;
    match_end = end;
  }
  if (matched()) {
    std::string out = held_.substr(0, include_stop_ ? match_end : match_end - matched_->size());
    held_.clear();
    return out;
  }
  size_t keep = PossibleStop();
  std::string out = held_.substr(0, held_.size() - keep);
  held_.erase(0, held_.size() - keep);
  return out;
}

std::string StopMatcher::Flush() { return std::exchange(held_, {}); }

size_t StopMatcher::PossibleStop() const {
  size_t longest = 0;
  for (const std::string& stop : stops_) {
    for (size_t n = std::min(stop.size() - 1, held_.size()); n > longest; --n) {
      if (std::string_view(held_).substr(held_.size() - n) == std::string_view(stop).substr(0, n)) {
        longest = n;
        break;
      }
    }
  }
  return longest;
}

}  // namespace pano::engine
