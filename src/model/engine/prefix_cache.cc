#include "model/engine/prefix_cache.h"

#include <algorithm>

#include "base/check.h"

namespace pano::engine {
namespace {

constexpr size_t kTokens = nn::kBlockTokens;

uint64_t Mix(uint64_t state, uint64_t value) {
  state = (state ^ value) * 0x9E3779B97F4A7C15ull;
  return state ^ (state >> 29);
}

uint64_t MixText(uint64_t state, std::string_view text) {
  for (char c : text) state = Mix(state, static_cast<unsigned char>(c));
  return Mix(state, text.size());
}

}  // namespace

PrefixCache::PrefixCache(BlockAllocator& allocator, std::string_view name_space, int hash_bits)
    : allocator_(allocator),
      hash_mask_(hash_bits >= 64 ? ~uint64_t{0} : (uint64_t{1} << hash_bits) - 1),
      root_hash_(MixText(1, name_space)),
      entries_(static_cast<size_t>(allocator.total())) {
  allocator_.SetEvictHook([this](BlockId id) { Forget(id); });
}

uint64_t PrefixCache::Hash(std::string_view tenant, BlockId parent,
                           std::span<const TokenId> tokens) const {
  uint64_t hash = parent == kNoBlock ? MixText(root_hash_, tenant)
                                     : entries_[static_cast<size_t>(parent)].hash;
  for (TokenId token : tokens) hash = Mix(hash, static_cast<uint64_t>(token));
  return hash & hash_mask_;
}

BlockId PrefixCache::Lookup(uint64_t hash, std::string_view tenant, BlockId parent,
                            std::span<const TokenId> tokens) const {
  auto [begin, end] = index_.equal_range(hash);
  for (auto it = begin; it != end; ++it) {
    const Entry& entry = entries_[static_cast<size_t>(it->second)];
    if (entry.parent == parent && std::ranges::equal(entry.tokens, tokens) &&
        (parent != kNoBlock || entry.tenant == tenant)) {
      return it->second;
    }
  }
  return kNoBlock;
}

std::vector<BlockId> PrefixCache::Find(std::string_view tenant,
                                       std::span<const TokenId> tokens) const {
  std::vector<BlockId> chain;
  BlockId parent = kNoBlock;
  for (size_t at = 0; at + kTokens <= tokens.size(); at += kTokens) {
    std::span<const TokenId> part = tokens.subspan(at, kTokens);
    BlockId id = Lookup(Hash(tenant, parent, part), tenant, parent, part);
    if (id == kNoBlock) break;
    chain.push_back(id);
    parent = id;
  }
  return chain;
}

BlockId PrefixCache::Insert(std::string_view tenant, BlockId parent,
                            std::span<const TokenId> tokens, BlockId block) {
  PANO_CHECK(tokens.size() == kTokens);
  PANO_CHECK(parent == kNoBlock || entries_[static_cast<size_t>(parent)].known);
  uint64_t hash = Hash(tenant, parent, tokens);
  if (BlockId same = Lookup(hash, tenant, parent, tokens); same != kNoBlock) return same;
  Entry& entry = entries_[static_cast<size_t>(block)];
  PANO_CHECK(!entry.known);
  entry.hash = hash;
  entry.parent = parent;
  entry.known = true;
  std::ranges::copy(tokens, entry.tokens.begin());
  if (parent == kNoBlock) entry.tenant = tenant;
  index_.emplace(hash, block);
  allocator_.KeepWhenReleased(block);
  return block;
}

void PrefixCache::Forget(BlockId id) {
  Entry& entry = entries_[static_cast<size_t>(id)];
  auto [begin, end] = index_.equal_range(entry.hash);
  for (auto it = begin; it != end; ++it) {
    if (it->second == id) {
      index_.erase(it);
      break;
    }
  }
  entry.known = false;
  entry.tenant.clear();
}

}  // namespace pano::engine
