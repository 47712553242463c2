#include "model/engine/prefix_cache.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "model/engine/block_table.h"

namespace pano::engine {
namespace {

std::vector<TokenId> Tokens(TokenId first, size_t count) {
  std::vector<TokenId> tokens(count);
  for (size_t i = 0; i < count; ++i) tokens[i] = first + static_cast<TokenId>(i);
  return tokens;
}

// Computes what the cache does not have and registers it, as the engine does.
void Fill(BlockAllocator& allocator, PrefixCache& cache, BlockTable& table,
          const std::string& tenant, std::span<const TokenId> tokens) {
  for (BlockId id : cache.Find(tenant, tokens)) table.Append(allocator.Share(id));
  for (size_t i = table.size(); (i + 1) * nn::kBlockTokens <= tokens.size(); ++i) {
    table.Append(*allocator.Allocate());
    BlockId own = table.id(i);
    BlockId same = cache.Insert(tenant, i == 0 ? kNoBlock : table.id(i - 1),
                                tokens.subspan(i * nn::kBlockTokens, nn::kBlockTokens), own);
    if (same != own) table.Replace(i, allocator.Share(same));
  }
}

TEST(PrefixCache, FindsTheLongestChainOfWholeBlocks) {
  BlockAllocator allocator(8);
  PrefixCache cache(allocator, "model");
  BlockTable table;
  auto tokens = Tokens(1, 100);
  Fill(allocator, cache, table, "t", tokens);
  EXPECT_EQ(table.size(), 3u);
  EXPECT_EQ(cache.Find("t", tokens).size(), 3u);
  EXPECT_EQ(cache.Find("t", std::span(tokens).first(95)).size(), 2u);
  EXPECT_EQ(cache.Find("t", std::span(tokens).subspan(32)).size(), 0u);   // no beginning
  auto other = tokens;
  other[40] = 7;
  EXPECT_EQ(cache.Find("t", other).size(), 1u);
  EXPECT_EQ(cache.Find("another tenant", tokens).size(), 0u);
  table.Clear();
  EXPECT_EQ(allocator.cached(), 3);
  EXPECT_EQ(cache.Find("t", tokens).size(), 3u);
}

TEST(PrefixCache, ASecondCopyGivesWayToTheFirst) {
  BlockAllocator allocator(8);
  PrefixCache cache(allocator, "model");
  auto tokens = Tokens(1, 64);
  BlockTable first;
  Fill(allocator, cache, first, "t", tokens);
  // Computed at the same time, without having looked.
  BlockRef own = *allocator.Allocate();
  EXPECT_EQ(cache.Insert("t", kNoBlock, std::span(tokens).first(32), own.id()), first.id(0));
  EXPECT_EQ(cache.size(), 2u);
}

TEST(PrefixCache, EvictsAChainFromItsEnd) {
  BlockAllocator allocator(4);
  PrefixCache cache(allocator, "model");
  auto tokens = Tokens(1, 96);
  BlockTable table;
  Fill(allocator, cache, table, "t", tokens);
  table.Clear();
  std::vector<BlockRef> taken;
  for (size_t left = 3; left > 0; --left) {
    EXPECT_EQ(cache.Find("t", tokens).size(), left);
    while (cache.Find("t", tokens).size() == left) taken.push_back(*allocator.Allocate());
  }
  EXPECT_EQ(cache.size(), 0u);
  EXPECT_EQ(allocator.used(), 4);
}

// Two bits of hash: almost everything collides, and nothing may be mistaken. Random sequences share
// prefixes, tenants and blocks; the fake content of a block says what it was computed from.
TEST(PrefixCache, CollisionsAreNoHits) {
  BlockAllocator allocator(24);
  PrefixCache cache(allocator, "model", /*hash_bits=*/2);
  std::vector<std::string> content(24);
  Random random(5);
  std::vector<BlockTable> tables(4);
  for (int round = 0; round < 2000; ++round) {
    BlockTable& table = tables[random.Below(4)];
    table.Clear();
    if (allocator.available() < 4) continue;
    std::string tenant(1, static_cast<char>('a' + random.Below(2)));
    std::vector<TokenId> tokens;
    for (int block = 0; block < 4; ++block) {
      tokens.insert(tokens.end(), nn::kBlockTokens, static_cast<TokenId>(random.Below(3)));
    }
    std::string name = tenant;
    std::vector<std::string> want;
    for (size_t i = 0; i < 4; ++i) {
      name += static_cast<char>('0' + tokens[i * nn::kBlockTokens]);
      want.push_back(name);
    }
    size_t hit = cache.Find(tenant, tokens).size();
    for (BlockId id : cache.Find(tenant, tokens)) table.Append(allocator.Share(id));
    for (size_t i = hit; i < 4; ++i) {
      table.Append(*allocator.Allocate());
      content[static_cast<size_t>(table.id(i))] = want[i];
    }
    for (size_t i = hit; i < 4; ++i) {
      BlockId same = cache.Insert(tenant, i == 0 ? kNoBlock : table.id(i - 1),
                                  std::span(tokens).subspan(i * nn::kBlockTokens, nn::kBlockTokens),
                                  table.id(i));
      if (same != table.id(i)) table.Replace(i, allocator.Share(same));
    }
    for (size_t i = 0; i < 4; ++i) ASSERT_EQ(content[static_cast<size_t>(table.id(i))], want[i]);
  }
  tables.clear();
  EXPECT_EQ(allocator.used(), 0);
}

}  // namespace
}  // namespace pano::engine
