#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "app/quota/limits.h"

namespace pano::quota {

// A window's length and how finely it slides: amounts are kept by slots of time.
struct WindowShape {
  int64_t slot_ms = 1000;
  int64_t slots = 60;
};
inline constexpr WindowShape kMinute = {1000, 60};
inline constexpr WindowShape kDay = {900'000, 96};  // a quarter of an hour
// REQUIRES: the dimension is counted over time.
constexpr const WindowShape& ShapeOf(Dimension dimension) {
  return dimension == Dimension::kTokensPerDay ? kDay : kMinute;
}

// What was used in the last `slots` slots of time, the current one included. Times are milliseconds
// since 1970; a time before an earlier one is taken as that. Memory: an entry a slot at most.
// Thread-compatible.
class SlidingWindow {
 public:
  explicit SlidingWindow(const WindowShape& shape) : shape_(&shape) {}

  // Forgets what lies behind the window.
  void Advance(int64_t now_ms);
  int64_t sum() const { return sum_; }
  bool empty() const { return entries_.empty(); }

  int64_t SlotAt(int64_t now_ms) const { return now_ms / shape_->slot_ms; }
  // Changes the amount of a slot that the window still has, never below zero; else does nothing.
  // Answers by how much it changed.
  int64_t Add(int64_t slot, int64_t amount);

  // Milliseconds from `now_ms` until at most `sum_max` is left, when nothing is added; 0: now.
  // REQUIRES: sum_max >= 0.
  int64_t MsUntil(int64_t now_ms, int64_t sum_max) const;

  const std::vector<std::pair<int64_t, int64_t>>& entries() const { return entries_; }

 private:
  const WindowShape* shape_;
  std::vector<std::pair<int64_t, int64_t>> entries_;  // (slot, amount > 0), by slot
  int64_t first_ = 0;                                 // the oldest slot in the window
  int64_t sum_ = 0;
};

}  // namespace pano::quota
