#include "app/quota/usage_table.h"

#include <iterator>

namespace pano::quota {

UsageTable::Found UsageTable::Find(std::string_view subject, int64_t now_ms) {
  auto it = usages_.find(std::string(subject));
  if (it == usages_.end() && usages_.size() >= subjects_max_) ForgetIdle(now_ms);
  if (it == usages_.end()) {
    const bool full = usages_.size() >= subjects_max_;
    it = usages_.try_emplace(full ? std::string(kOthers) : std::string(subject)).first;
  }
  it->second.Advance(now_ms);
  return {it->first, it->second};
}

Usage* UsageTable::Look(std::string_view subject, int64_t now_ms) {
  const auto it = usages_.find(std::string(subject));
  if (it == usages_.end()) return nullptr;
  it->second.Advance(now_ms);
  return &it->second;
}

void UsageTable::ForgetIdle(int64_t now_ms) {
  if (now_ms - forgot_ms_ < kForgetEveryMs) return;
  forgot_ms_ = now_ms;
  for (auto it = usages_.begin(); it != usages_.end();) {
    it->second.Advance(now_ms);
    it = it->second.idle() ? usages_.erase(it) : std::next(it);
  }
}

}  // namespace pano::quota
