#include "app/auth/bearer/verified_tokens.h"

#include <algorithm>

namespace pano::bearer {

VerifiedTokens::VerifiedTokens(size_t capacity) : shard_capacity_(std::max<size_t>(capacity / kShards, 1)) {}

std::shared_ptr<const KnownToken> VerifiedTokens::Find(const std::string& hash) {
  Shard& shard = ShardOf(hash);
  MutexLock lock(shard.mu);
  const auto found = shard.index.find(hash);
  if (found == shard.index.end()) return nullptr;
  shard.order.splice(shard.order.begin(), shard.order, found->second);
  return found->second->second;
}

void VerifiedTokens::Add(const std::string& hash, std::shared_ptr<const KnownToken> token) {
  Shard& shard = ShardOf(hash);
  MutexLock lock(shard.mu);
  const auto found = shard.index.find(hash);
  if (found != shard.index.end()) {
    found->second->second = std::move(token);
    return;
  }
  if (shard.order.size() == shard_capacity_) {
    shard.index.erase(shard.order.back().first);
    shard.order.pop_back();
  }
  shard.order.emplace_front(hash, std::move(token));
  shard.index.emplace(shard.order.front().first, shard.order.begin());
}

void VerifiedTokens::Remove(const std::string& hash) {
  Shard& shard = ShardOf(hash);
  MutexLock lock(shard.mu);
  const auto found = shard.index.find(hash);
  if (found == shard.index.end()) return;
  const auto entry = found->second;
  shard.index.erase(found);
  shard.order.erase(entry);
}

size_t VerifiedTokens::size() const {
  size_t count = 0;
  for (const Shard& shard : shards_) {
    MutexLock lock(shard.mu);
    count += shard.order.size();
  }
  return count;
}

}  // namespace pano::bearer
