#include "model/engine/kv/prefix_cache.h"

#include <algorithm>

#include "base/check.h"

// A forest of nodes of 32 tokens. A node's hash continues its parent's over its own tokens, so
// looking up a prompt costs one hash and one comparison of ids a block, from the beginning until a
// block is not known. Usable is the longest such chain whose blocks are all there where the groups
// keep every position, and where windows look from its end; the run of blocks without a gap is
// counted along the chain for that. Evicting a block makes the allocator call Forget, which takes
// the block's node out.

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

PrefixCache::Tip::Tip(PrefixCache& cache, NodeId node) : cache_(&cache), node_(node) {
  if (node_ != kNoNode) ++cache.at(node_).tips;
}

void PrefixCache::Tip::Reset() {
  PrefixCache* cache = std::exchange(cache_, nullptr);
  const NodeId node = std::exchange(node_, kNoNode);
  if (node == kNoNode) return;
  --cache->at(node).tips;
  cache->EraseUnused(node);
}

PrefixCache::PrefixCache(KvPool& pool, std::string_view name_space, int hash_bits)
    : pool_(pool),
      hash_mask_(hash_bits >= 64 ? ~uint64_t{0} : (uint64_t{1} << hash_bits) - 1),
      root_hash_(MixText(1, name_space)) {
  for (size_t g = 0; g < pool.group_count(); ++g) {
    owners_.emplace_back(static_cast<size_t>(pool.allocator(g).total()), kNoNode);
    pool.allocator(g).SetEvictHook([this, g](BlockId id) { Forget(g, id); });
  }
}

PrefixCache::~PrefixCache() {
  for (size_t g = 0; g < pool_.group_count(); ++g) pool_.allocator(g).SetEvictHook(nullptr);
}

uint64_t PrefixCache::Hash(std::string_view tenant, NodeId parent,
                           std::span<const TokenId> tokens) const {
  uint64_t hash = parent == kNoNode ? MixText(root_hash_, tenant) : at(parent).hash;
  for (TokenId token : tokens) hash = Mix(hash, static_cast<uint64_t>(token));
  return hash & hash_mask_;
}

PrefixCache::NodeId PrefixCache::Lookup(uint64_t hash, std::string_view tenant, NodeId parent,
                                        std::span<const TokenId> tokens) const {
  auto [begin, end] = index_.equal_range(hash);
  for (auto it = begin; it != end; ++it) {
    const Node& node = at(it->second);
    if (node.parent == parent && std::ranges::equal(node.tokens, tokens) &&
        (parent != kNoNode || node.tenant == tenant)) {
      return it->second;
    }
  }
  return kNoNode;
}

std::vector<PrefixCache::NodeId> PrefixCache::FindChain(std::string_view tenant,
                                                        std::span<const TokenId> tokens) const {
  std::vector<NodeId> chain;
  NodeId parent = kNoNode;
  for (size_t begin = 0; begin + kTokens <= tokens.size(); begin += kTokens) {
    std::span<const TokenId> part = tokens.subspan(begin, kTokens);
    NodeId id = Lookup(Hash(tenant, parent, part), tenant, parent, part);
    if (id == kNoNode) break;
    chain.push_back(id);
    parent = id;
  }
  return chain;
}

PrefixCache::Match PrefixCache::Find(std::string_view tenant,
                                     std::span<const TokenId> tokens) const {
  const std::vector<NodeId> chain = FindChain(tenant, tokens);
  Match match;
  match.ids.resize(pool_.group_count());
  std::vector<int64_t> run(pool_.group_count());   // blocks that end here without a gap
  for (size_t i = 0; i < chain.size(); ++i) {
    const auto length = static_cast<int64_t>(i + 1);
    bool usable = true;
    for (size_t g = 0; g < run.size(); ++g) {
      run[g] = block(chain[i], g) == kNoBlock ? 0 : run[g] + 1;
      usable &= length - run[g] <= pool_.group(g).FirstBlock(length * nn::kBlockTokens);
    }
    if (usable) match.blocks = length;
  }
  if (match.blocks == 0) return match;
  match.node = chain[static_cast<size_t>(match.blocks - 1)];
  for (size_t g = 0; g < match.ids.size(); ++g) {
    const int64_t first = pool_.group(g).FirstBlock(match.blocks * nn::kBlockTokens);
    for (int64_t i = 0; i < match.blocks; ++i) {
      match.ids[g].push_back(i < first ? kNoBlock : block(chain[static_cast<size_t>(i)], g));
    }
  }
  return match;
}

void PrefixCache::Insert(std::string_view tenant, Tip& tip, std::span<const TokenId> tokens,
                         BlockTables& tables, size_t i) {
  PANO_CHECK(tokens.size() == kTokens);
  const uint64_t hash = Hash(tenant, tip.node(), tokens);
  NodeId node = Lookup(hash, tenant, tip.node(), tokens);
  if (node == kNoNode) node = AddNode(hash, tenant, tip.node(), tokens);
  for (size_t g = 0; g < tables.size(); ++g) {
    BlockAllocator& allocator = pool_.allocator(g);
    if (BlockId known = block(node, g); known != kNoBlock) {
      tables[g].Replace(i, allocator.Share(known));
      continue;
    }
    const BlockId own = tables[g].id(i);
    NodeId& owner = owners_[g][static_cast<size_t>(own)];
    PANO_CHECK(owner == kNoNode);
    owner = node;
    block(node, g) = own;
    allocator.KeepWhenReleased(own);
  }
  tip = Tip(*this, node);
}

PrefixCache::NodeId PrefixCache::AddNode(uint64_t hash, std::string_view tenant, NodeId parent,
                                         std::span<const TokenId> tokens) {
  if (free_nodes_.empty()) {
    free_nodes_.push_back(static_cast<NodeId>(nodes_.size()));
    nodes_.emplace_back();
    blocks_.resize(blocks_.size() + pool_.group_count(), kNoBlock);
  }
  const NodeId id = free_nodes_.back();
  free_nodes_.pop_back();
  Node& node = at(id);
  node.hash = hash;
  node.parent = parent;
  std::ranges::copy(tokens, node.tokens.begin());
  if (parent == kNoNode) {
    node.tenant = tenant;
  } else {
    ++at(parent).children;
  }
  index_.emplace(hash, id);
  return id;
}

// The block is about to get another content.
void PrefixCache::Forget(size_t g, BlockId id) {
  const NodeId node = std::exchange(owners_[g][static_cast<size_t>(id)], kNoNode);
  block(node, g) = kNoBlock;
  if (pool_.group(g).window == 0) {
    // Nothing that goes through this node can be used any more.
    PANO_CHECK(at(node).children == 0 && at(node).tips == 0);
    for (size_t other = 0; other < pool_.group_count(); ++other) {
      const BlockId useless = std::exchange(block(node, other), kNoBlock);
      if (useless == kNoBlock) continue;
      owners_[other][static_cast<size_t>(useless)] = kNoNode;
      pool_.allocator(other).Discard(useless);
    }
  }
  EraseUnused(node);
}

bool PrefixCache::HasBlocks(NodeId id) const {
  for (size_t g = 0; g < pool_.group_count(); ++g) {
    if (block(id, g) != kNoBlock) return true;
  }
  return false;
}

// Erases the node and those before it that nothing keeps.
void PrefixCache::EraseUnused(NodeId id) {
  while (id != kNoNode && at(id).children == 0 && at(id).tips == 0 && !HasBlocks(id)) {
    const NodeId parent = at(id).parent;
    Erase(id);
    id = parent;
  }
}

void PrefixCache::Erase(NodeId id) {
  Node& node = at(id);
  auto [begin, end] = index_.equal_range(node.hash);
  for (auto it = begin; it != end; ++it) {
    if (it->second == id) {
      index_.erase(it);
      break;
    }
  }
  if (node.parent != kNoNode) --at(node.parent).children;
  node = Node();
  free_nodes_.push_back(id);
}

}  // namespace pano::engine
