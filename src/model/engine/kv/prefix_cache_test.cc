#include "model/engine/kv/prefix_cache.h"

#include <gtest/gtest.h>

#include <map>

#include "base/random.h"

namespace pano::engine {
namespace {

KvPlan Plan(std::vector<KvGroup> groups, std::vector<int> counts) {
  return {std::move(groups), std::move(counts), 0};
}

std::vector<TokenId> Tokens(TokenId first, size_t count) {
  std::vector<TokenId> tokens(count);
  for (size_t i = 0; i < count; ++i) tokens[i] = first + static_cast<TokenId>(i);
  return tokens;
}

// A sequence as the engine has it: takes what the cache knows, computes and registers the rest.
struct FakeSequence {
  explicit FakeSequence(KvPool& pool) : tables(pool.NewTables()) {}

  // Returns how many blocks came from the cache.
  size_t Fill(KvPool& pool, PrefixCache& cache, const std::string& tenant,
              std::span<const TokenId> tokens) {
    auto match = cache.Find(tenant, tokens);
    pool.Share(tables, match.ids);
    tip = PrefixCache::Tip(cache, match.node);
    const auto found = static_cast<size_t>(match.blocks);
    for (size_t i = found; (i + 1) * nn::kBlockTokens <= tokens.size(); ++i) {
      const auto end = static_cast<int64_t>(i + 1) * nn::kBlockTokens;
      pool.Extend(tables, end);
      cache.Insert(tenant, tip, tokens.subspan(i * nn::kBlockTokens, nn::kBlockTokens), tables, i);
      pool.Trim(tables, end);
    }
    return found;
  }
  void Clear() {
    for (BlockTable& table : tables) table.Clear();
    tip.Reset();
  }

  BlockTables tables;
  PrefixCache::Tip tip;
};

TEST(PrefixCache, FindsTheLongestChainOfWholeBlocks) {
  KvPool pool(Plan({{0}}, {8}));
  PrefixCache cache(pool, "model");
  FakeSequence sequence(pool);
  auto tokens = Tokens(1, 100);
  sequence.Fill(pool, cache, "t", tokens);
  EXPECT_EQ(cache.size(), 3u);
  EXPECT_EQ(cache.Find("t", tokens).blocks, 3);
  EXPECT_EQ(cache.Find("t", std::span(tokens).first(95)).blocks, 2);
  EXPECT_EQ(cache.Find("t", std::span(tokens).subspan(32)).blocks, 0);   // no beginning
  auto other = tokens;
  other[40] = 7;
  EXPECT_EQ(cache.Find("t", other).blocks, 1);
  EXPECT_EQ(cache.Find("another tenant", tokens).blocks, 0);
  sequence.Clear();
  EXPECT_EQ(pool.cached(), 3);
  EXPECT_EQ(cache.Find("t", tokens).blocks, 3);
}

TEST(PrefixCache, ASecondCopyGivesWayToTheFirst) {
  KvPool pool(Plan({{0}, {5}}, {8, 8}));
  PrefixCache cache(pool, "model");
  auto tokens = Tokens(1, 64);
  FakeSequence first(pool);
  first.Fill(pool, cache, "t", tokens);
  // Computed at the same time, without having looked.
  FakeSequence second(pool);
  pool.Extend(second.tables, 64);
  EXPECT_EQ(pool.allocator(0).used(), 4);
  for (size_t i = 0; i < 2; ++i) {
    cache.Insert("t", second.tip, std::span(tokens).subspan(i * 32, 32), second.tables, i);
  }
  EXPECT_EQ(cache.size(), 2u);
  EXPECT_EQ(second.tables[0].id(1), first.tables[0].id(1));
  EXPECT_EQ(second.tables[1].id(1), first.tables[1].id(1));
  EXPECT_EQ(pool.allocator(0).used(), 2);
  EXPECT_EQ(pool.allocator(1).used(), 2);   // the first one has left its first block
}

TEST(PrefixCache, EvictsAChainFromItsEnd) {
  for (std::vector<KvGroup> groups : {std::vector<KvGroup>{{0}}, {{0}, {0}, {40}}}) {
    KvPool pool(Plan(groups, std::vector<int>(groups.size(), 4)));
    PrefixCache cache(pool, "model");
    auto tokens = Tokens(1, 96);
    FakeSequence sequence(pool);
    sequence.Fill(pool, cache, "t", tokens);
    sequence.Clear();
    std::vector<BlockRef> taken;
    for (int64_t left = 3; left > 0; --left) {
      EXPECT_EQ(cache.Find("t", tokens).blocks, left);
      while (cache.Find("t", tokens).blocks == left) {
        taken.push_back(*pool.allocator(0).Allocate());
      }
      // The other groups' blocks are of no use then.
      for (size_t g = 1; g < groups.size(); ++g) EXPECT_EQ(pool.allocator(g).cached(), left - 1);
    }
    EXPECT_EQ(cache.size(), 0u);
    EXPECT_EQ(pool.used(), 4);
    EXPECT_EQ(pool.cached(), 0);
  }
}

TEST(PrefixCache, AWindowGroupNeedsOnlyWhatTheNextTokenSees) {
  KvPool pool(Plan({{0}, {33}}, {8, 8}));
  PrefixCache cache(pool, "model");
  auto tokens = Tokens(1, 160);
  FakeSequence sequence(pool);
  sequence.Fill(pool, cache, "t", tokens);
  sequence.Clear();
  EXPECT_EQ(pool.allocator(1).cached(), 5);   // those that were left behind too
  auto match = cache.Find("t", tokens);
  EXPECT_EQ(match.blocks, 5);
  ASSERT_EQ(match.ids[1].size(), 5u);
  EXPECT_EQ(std::ranges::count(match.ids[0], kNoBlock), 0);
  EXPECT_EQ(std::ranges::count(match.ids[1], kNoBlock), 4);
  // The window's blocks go, oldest first; a boundary is of use while the block before it is there.
  std::vector<BlockRef> taken;
  for (int i = 0; i < 3 + 2; ++i) taken.push_back(*pool.allocator(1).Allocate());
  EXPECT_EQ(cache.Find("t", tokens).blocks, 5);
  EXPECT_EQ(cache.Find("t", std::span(tokens).first(159)).blocks, 4);
  EXPECT_EQ(cache.Find("t", std::span(tokens).first(95)).blocks, 0);
  for (int i = 0; i < 3; ++i) taken.push_back(*pool.allocator(1).Allocate());
  EXPECT_EQ(cache.Find("t", tokens).blocks, 0);
  EXPECT_EQ(cache.size(), 5u);   // the full group's blocks are there
  // Computing it again brings them back, beside the old blocks of the full group.
  taken.clear();
  FakeSequence again(pool);
  EXPECT_EQ(again.Fill(pool, cache, "t", tokens), 0u);
  EXPECT_EQ(pool.allocator(0).used(), 5);
  EXPECT_EQ(pool.allocator(0).free(), 3);
  again.Clear();
  EXPECT_EQ(cache.Find("t", tokens).blocks, 5);
}

TEST(PrefixCache, WithoutAFullGroupAChainStaysWhileSomethingNeedsIt) {
  KvPool pool(Plan({{5}}, {6}));
  PrefixCache cache(pool, "model");
  auto tokens = Tokens(1, 160);
  FakeSequence sequence(pool);
  sequence.Fill(pool, cache, "t", std::span(tokens).first(96));
  EXPECT_EQ(pool.used(), 1);
  // All but the last one's blocks are taken: still the chain goes on.
  std::vector<BlockRef> taken;
  for (int i = 0; i < 5; ++i) taken.push_back(*pool.allocator(0).Allocate());
  EXPECT_EQ(cache.size(), 3u);
  EXPECT_EQ(cache.Find("t", tokens).blocks, 3);
  taken.clear();
  sequence.Clear();
  EXPECT_EQ(sequence.Fill(pool, cache, "t", tokens), 3u);
  EXPECT_EQ(cache.Find("t", tokens).blocks, 5);
  sequence.Clear();
  for (int i = 0; i < 6; ++i) taken.push_back(*pool.allocator(0).Allocate());
  EXPECT_EQ(cache.size(), 0u);
  // A tip alone keeps its chain.
  taken.clear();
  KvPool narrow(Plan({{1}}, {2}));
  PrefixCache other(narrow, "model");
  FakeSequence one(narrow);
  one.Fill(narrow, other, "t", std::span(tokens).first(64));
  EXPECT_EQ(narrow.used(), 0);
  taken.push_back(*narrow.allocator(0).Allocate());
  taken.push_back(*narrow.allocator(0).Allocate());
  EXPECT_EQ(other.size(), 2u);
  EXPECT_EQ(other.Find("t", tokens).blocks, 2);   // a window of one sees nothing behind
  one.Clear();
  EXPECT_EQ(other.size(), 0u);
  taken.clear();
}

// Two bits of hash: almost everything collides, and nothing may be mistaken. Random sequences share
// prefixes, tenants and blocks; the fake content of a block says what it was computed from.
TEST(PrefixCache, CollisionsAreNoHits) {
  using Groups = std::vector<KvGroup>;
  for (const Groups& groups : {Groups{{0}}, {{0}, {33}}, {{5}, {0}, {0}}, {{70}}, {{1}, {40}}}) {
    std::vector<int> counts(groups.size(), 24);
    counts.back() = 17;
    KvPool pool(Plan(groups, counts));
    PrefixCache cache(pool, "model", /*hash_bits=*/2);
    std::vector<std::map<BlockId, std::string>> content(groups.size());
    Random random(5);
    std::vector<FakeSequence> sequences;
    for (int i = 0; i < 4; ++i) sequences.emplace_back(pool);
    int64_t hits = 0;
    for (int round = 0; round < 3000; ++round) {
      FakeSequence& sequence = sequences[random.Below(4)];
      sequence.Clear();
      const size_t length = 1 + random.Below(6);
      std::string tenant(1, static_cast<char>('a' + random.Below(2)));
      std::vector<TokenId> tokens;
      std::vector<std::string> want;
      for (size_t i = 0; i < length; ++i) {
        const auto kind = static_cast<TokenId>(random.Below(3));
        tokens.insert(tokens.end(), nn::kBlockTokens, kind);
        want.push_back((want.empty() ? tenant : want.back()) + static_cast<char>('0' + kind));
      }
      bool fits = true;
      for (size_t g = 0; g < groups.size(); ++g) {
        fits &= pool.allocator(g).available() >= static_cast<int>(length);
      }
      if (!fits) continue;
      auto match = cache.Find(tenant, tokens);
      hits += match.blocks;
      pool.Share(sequence.tables, match.ids);
      sequence.tip = PrefixCache::Tip(cache, match.node);
      const auto end = static_cast<int64_t>(tokens.size());
      pool.Extend(sequence.tables, end);
      for (auto i = static_cast<size_t>(match.blocks); i < length; ++i) {
        for (size_t g = 0; g < groups.size(); ++g) content[g][sequence.tables[g].id(i)] = want[i];
      }
      for (auto i = static_cast<size_t>(match.blocks); i < length; ++i) {
        cache.Insert(tenant, sequence.tip,
                     std::span(tokens).subspan(i * nn::kBlockTokens, nn::kBlockTokens),
                     sequence.tables, i);
      }
      if (random.Below(2) == 0) pool.Trim(sequence.tables, end);
      for (size_t g = 0; g < groups.size(); ++g) {
        for (size_t i = 0; i < length; ++i) {
          const BlockId id = sequence.tables[g].id(i);
          if (id == kNoBlock) {
            ASSERT_LT(static_cast<int64_t>(i), groups[g].FirstBlock(end));
          } else {
            ASSERT_EQ(content[g][id], want[i]);
          }
        }
      }
    }
    EXPECT_GT(hits, 500);
    for (FakeSequence& sequence : sequences) sequence.Clear();
    EXPECT_EQ(pool.used(), 0);
    // What is cached is known, and nothing else is.
    std::vector<BlockRef> all;
    for (size_t g = 0; g < groups.size(); ++g) {
      while (auto block = pool.allocator(g).Allocate()) all.push_back(std::move(*block));
    }
    EXPECT_EQ(cache.size(), 0u);
  }
}

}  // namespace
}  // namespace pano::engine
