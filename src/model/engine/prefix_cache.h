#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "model/engine/block_allocator.h"
#include "model/engine/request.h"

namespace pano::engine {

// Finds full KV blocks that hold the beginning of a prompt. Blocks form chains: each is known by the
// block before it and its own token ids, the first by the tenant; hashes only find candidates, a hit
// has compared the ids. Confined to the engine's thread.
//
// Invariant: while a block is in the cache, so is the one before it. It holds because whoever uses a
// block uses those before it too, and gives them back last first, so the allocator evicts a chain
// from its end.
class PrefixCache {
 public:
  // The allocator outlives the cache and is told to report evictions to it. `name_space` is the model
  // version; fewer `hash_bits` make collisions, for tests.
  PrefixCache(BlockAllocator& allocator, std::string_view name_space, int hash_bits = 64);
  ~PrefixCache() { allocator_.SetEvictHook(nullptr); }
  PrefixCache(const PrefixCache&) = delete;
  PrefixCache& operator=(const PrefixCache&) = delete;

  // The longest known chain for the beginning of `tokens`, whole blocks only.
  std::vector<BlockId> Find(std::string_view tenant, std::span<const TokenId> tokens) const;

  // Makes `block`, computed from exactly these nn::kBlockTokens `tokens` behind `parent` (kNoBlock:
  // first of the sequence), findable. Returns the block to use from now on: an older one with the
  // same content when there is one, else `block`. REQUIRES: `parent` came out of Insert or Find and
  // the caller holds both.
  BlockId Insert(std::string_view tenant, BlockId parent, std::span<const TokenId> tokens,
                 BlockId block);

  size_t size() const { return index_.size(); }

 private:
  struct Entry {
    uint64_t hash = 0;
    BlockId parent = kNoBlock;
    bool known = false;
    std::array<TokenId, nn::kBlockTokens> tokens{};
    std::string tenant;   // of the first block of a chain; "" further on
  };
  uint64_t Hash(std::string_view tenant, BlockId parent, std::span<const TokenId> tokens) const;
  BlockId Lookup(uint64_t hash, std::string_view tenant, BlockId parent,
                 std::span<const TokenId> tokens) const;
  void Forget(BlockId id);

  BlockAllocator& allocator_;
  const uint64_t hash_mask_;
  uint64_t root_hash_;
  std::vector<Entry> entries_;   // by block id
  std::unordered_multimap<uint64_t, BlockId> index_;
};

}  // namespace pano::engine
