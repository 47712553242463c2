#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "model/engine/kv/kv_pool.h"
#include "model/engine/request.h"

namespace pano::engine {

// Finds KV blocks that hold the beginning of a prompt. It is a forest of nodes, one for 32 tokens in
// their place: each is known by the node before it and its own token ids, the first by the tenant;
// hashes only find candidates, a hit has compared the ids. A node has at most one block in each state
// group, computed from just these tokens. Confined to the engine's thread.
//
// Invariants:
// - A node has a block in every group that keeps all positions, and dies with the first of them. It has
//   no child then: whoever holds a block in such a group holds those before it too, and gives them
//   back last first, so the allocator evicts a chain from its end.
// - In a window group a node's block may be gone; the node stays. Where there are only window groups,
//   a node lives as long as it has a block, a child or a Tip.
class PrefixCache {
 public:
  using NodeId = int32_t;
  static constexpr NodeId kNoNode = -1;

  // How far a sequence's tokens are known here: keeps that node, and so those before it. Move-only; the
  // default one is the beginning. The cache outlives it.
  class Tip {
   public:
    Tip() = default;
    Tip(PrefixCache& cache, NodeId node);
    Tip(Tip&& other) noexcept
        : cache_(std::exchange(other.cache_, nullptr)), node_(std::exchange(other.node_, kNoNode)) {}
    Tip& operator=(Tip&& other) noexcept {
      std::swap(cache_, other.cache_);
      std::swap(node_, other.node_);
      other.Reset();
      return *this;
    }
    ~Tip() { Reset(); }

    NodeId node() const { return node_; }
    void Reset();

   private:
    PrefixCache* cache_ = nullptr;
    NodeId node_ = kNoNode;
  };

  // A beginning that needs not be computed. Valid until a block is allocated.
  struct Match {
    NodeId node = kNoNode;
    int64_t blocks = 0;
    // One list of `blocks` ids per group; kNoBlock where the next token does not look.
    std::vector<std::vector<BlockId>> ids;
  };

  // The pool outlives the cache and reports evictions to it. `name_space` is the model version; fewer
  // `hash_bits` make collisions, for tests.
  PrefixCache(KvPool& pool, std::string_view name_space, int hash_bits = 64);
  ~PrefixCache();
  PrefixCache(const PrefixCache&) = delete;
  PrefixCache& operator=(const PrefixCache&) = delete;

  // The longest usable beginning of `tokens`, whole blocks only: every block of the groups that keep
  // all positions, and in a window group those that the token behind it sees.
  Match Find(std::string_view tenant, std::span<const TokenId> tokens) const;

  // Makes block `i` of `tables`, computed from exactly these nn::kBlockTokens `tokens` behind `tip`,
  // findable, and moves `tip` there. Where the same content is known already, that block takes the
  // place of the sequence's own. REQUIRES: the tables hold block `i` in every group, and the blocks
  // before it, all registered, as their groups' rules say.
  void Insert(std::string_view tenant, Tip& tip, std::span<const TokenId> tokens,
              BlockTables& tables, size_t i);

  size_t size() const { return index_.size(); }   // nodes

 private:
  struct Node {
    uint64_t hash = 0;
    NodeId parent = kNoNode;
    int32_t children = 0;
    int32_t tips = 0;
    std::array<TokenId, nn::kBlockTokens> tokens{};
    std::string tenant;   // of the first node of a chain; "" further on
  };
  Node& at(NodeId id) { return nodes_[static_cast<size_t>(id)]; }
  const Node& at(NodeId id) const { return nodes_[static_cast<size_t>(id)]; }
  BlockId& block(NodeId id, size_t g) {
    return blocks_[static_cast<size_t>(id) * pool_.group_count() + g];
  }
  BlockId block(NodeId id, size_t g) const {
    return blocks_[static_cast<size_t>(id) * pool_.group_count() + g];
  }
  std::vector<NodeId> FindChain(std::string_view tenant, std::span<const TokenId> tokens) const;
  uint64_t Hash(std::string_view tenant, NodeId parent, std::span<const TokenId> tokens) const;
  NodeId Lookup(uint64_t hash, std::string_view tenant, NodeId parent,
                std::span<const TokenId> tokens) const;
  NodeId AddNode(uint64_t hash, std::string_view tenant, NodeId parent,
                 std::span<const TokenId> tokens);
  void Forget(size_t g, BlockId id);
  void EraseUnused(NodeId id);
  void Erase(NodeId id);
  bool HasBlocks(NodeId id) const;

  KvPool& pool_;
  const uint64_t hash_mask_;
  uint64_t root_hash_;
  std::vector<Node> nodes_;
  std::vector<NodeId> free_nodes_;
  std::vector<BlockId> blocks_;                // by node and group
  std::vector<std::vector<NodeId>> owners_;    // by group and block; kNoNode: not known
  std::unordered_multimap<uint64_t, NodeId> index_;
};

}  // namespace pano::engine
