#include "app/quota/sliding_window.h"

#include <algorithm>

namespace pano::quota {

void SlidingWindow::Advance(int64_t now_ms) {
  first_ = std::max(first_, SlotAt(now_ms) - shape_->slots + 1);
  const auto kept = std::ranges::find_if(entries_, [&](const auto& e) { return e.first >= first_; });
  for (auto it = entries_.begin(); it != kept; ++it) sum_ -= it->second;
  entries_.erase(entries_.begin(), kept);
}

int64_t SlidingWindow::Add(int64_t slot, int64_t amount) {
  if (slot < first_ || amount == 0) return 0;
  auto at = std::ranges::lower_bound(entries_, slot, {}, [](const auto& e) { return e.first; });
  if (at == entries_.end() || at->first != slot) {
    if (amount < 0) return 0;
    at = entries_.emplace(at, slot, 0);
  }
  amount = std::max(amount, -at->second);
  at->second += amount;
  sum_ += amount;
  if (at->second == 0) entries_.erase(at);
  return amount;
}

int64_t SlidingWindow::MsUntil(int64_t now_ms, int64_t sum_max) const {
  int64_t left = sum_;
  int64_t until = now_ms;
  for (const auto& [slot, amount] : entries_) {
    if (left <= sum_max) break;
    left -= amount;
    until = (slot + shape_->slots) * shape_->slot_ms;
  }
  return std::max<int64_t>(0, until - now_ms);
}

}  // namespace pano::quota
