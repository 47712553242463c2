#include "app/auth/issuer/throttle.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace pano::issuer {
namespace {

constexpr Duration kForgotten = std::chrono::minutes(15);
constexpr int kDoublingsMax = 6;
constexpr Duration kPauseMax = std::chrono::seconds(60);

// Names come from outside: a long one counts by its beginning.
std::string Key(std::string_view text) { return std::string(text.substr(0, 256)); }

std::string PairKey(std::string_view name, std::string_view address) {
  std::string key = Key(address);
  key += '\n';
  return key += Key(name);
}

}  // namespace

Throttle::Throttle(Clock& clock) : Throttle(clock, Options()) {}
Throttle::Throttle(Clock& clock, Options options) : clock_(clock), options_(options) {}

Duration Throttle::Left(const Table& table, const std::string& key) const {
  const auto found = table.index.find(key);
  if (found == table.index.end()) return Duration::zero();
  return std::max(found->second->blocked_until - clock_.Now(), Duration::zero());
}

int64_t Throttle::WaitSeconds(std::string_view name, std::string_view address) const {
  MutexLock lock(mu_);
  const Duration left = std::max({Left(pairs_, PairKey(name, address)), Left(addresses_, Key(address)),
                                  Left(names_, Key(name))});
  return std::chrono::ceil<std::chrono::seconds>(left).count();
}

void Throttle::Count(Table& table, const std::string& key, int free) {
  const TimePoint now = clock_.Now();
  auto found = table.index.find(key);
  if (found == table.index.end()) {
    if (table.index.size() >= options_.entries_max) {
      table.index.erase(table.order.back().key);
      table.order.pop_back();
    }
    table.order.push_front(Entry{.key = key});
    found = table.index.emplace(key, table.order.begin()).first;
  } else {
    table.order.splice(table.order.begin(), table.order, found->second);
  }
  Entry& entry = *found->second;
  if (now - entry.last > kForgotten) entry.failures = 0;
  entry.last = now;
  const int beyond = ++entry.failures - free;
  if (beyond <= 0) return;
  const Duration pause = std::chrono::seconds(1) * (1 << std::min(beyond - 1, kDoublingsMax));
  entry.blocked_until = now + std::min(pause, kPauseMax);
}

void Throttle::Failed(std::string_view name, std::string_view address) {
  MutexLock lock(mu_);
  Count(pairs_, PairKey(name, address), options_.pair_free);
  Count(addresses_, Key(address), options_.address_free);
  Count(names_, Key(name), options_.name_free);
}

void Throttle::Succeeded(std::string_view name, std::string_view address) {
  MutexLock lock(mu_);
  const auto found = pairs_.index.find(PairKey(name, address));
  if (found == pairs_.index.end()) return;
  pairs_.order.erase(found->second);
  pairs_.index.erase(found);
}

}  // namespace pano::issuer
