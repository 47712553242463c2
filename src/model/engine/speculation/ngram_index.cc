#include "model/engine/speculation/ngram_index.h"

#include <algorithm>

// A hash table of buckets of a few entries: for each n-gram of the sequence where it ended last, one
// 32-bit word with the position and n. Tokens are added once each; a proposal looks for the longest
// n-gram that ends the sequence and copies what followed it. When a bucket is full the oldest entry
// goes.

namespace pano::engine {
namespace {

constexpr size_t kEntriesMin = 512;
constexpr size_t kTokensMax = size_t{1} << 29;  // whose entries are 32 bits

static_assert(NgramIndex::kShortest >= 2 && NgramIndex::kLongest <= 4);
size_t LengthAt(uint32_t entry) { return entry % 4 + 1; }  // 1: of no entry
size_t EndAt(uint32_t entry) { return entry / 4; }

bool SameNgram(std::span<const TokenId> tokens, size_t end_a, size_t end_b, size_t n) {
  return std::ranges::equal(tokens.subspan(end_a - n, n), tokens.subspan(end_b - n, n));
}

}  // namespace

NgramIndex::Bucket& NgramIndex::BucketOf(std::span<const TokenId> tokens, size_t end, size_t n) {
  uint64_t hash = n;
  for (TokenId token : tokens.subspan(end - n, n)) {
    hash = (hash ^ static_cast<uint32_t>(token)) * 0x9E3779B97F4A7C15ull;
    hash ^= hash >> 32;
  }
  return buckets_[hash & (buckets_.size() - 1)];
}

// Room enough that few buckets run over.
void NgramIndex::Grow(std::span<const TokenId> tokens) {
  const size_t wanted = 4 * (kLongest - kShortest + 1) * tokens.size();
  size_t size = std::max(entries(), std::min(kEntriesMin, entries_max_));
  while (size < wanted && size < entries_max_) size *= 2;
  if (size == entries()) return;
  buckets_.assign(size / kWays, Bucket{});
  indexed_ = 0;
}

void NgramIndex::Add(std::span<const TokenId> tokens, size_t end) {
  for (size_t n = kShortest; n <= std::min(kLongest, end); ++n) {
    Bucket& bucket = BucketOf(tokens, end, n);
    // In the entry of the same n-gram, else of the oldest one.
    auto entry = std::ranges::find_if(bucket, [&](uint32_t at) {
      return LengthAt(at) == n && SameNgram(tokens, EndAt(at), end, n);
    });
    if (entry == bucket.end()) entry = std::ranges::min_element(bucket);
    *entry = static_cast<uint32_t>(4 * end + n - 1);
  }
}

void NgramIndex::Propose(std::span<const TokenId> tokens, size_t count,
                         std::vector<TokenId>& draft) {
  if (tokens.size() <= kShortest || tokens.size() > kTokensMax) return;
  Grow(tokens);
  // The tokens at the end must not find themselves.
  for (; indexed_ + 1 < tokens.size(); ++indexed_) Add(tokens, indexed_ + 1);
  const size_t end = tokens.size();
  size_t from = 0;
  for (size_t n = std::min(kLongest, end - 1); n >= kShortest && from == 0; --n) {
    for (uint32_t at : BucketOf(tokens, end, n)) {
      if (LengthAt(at) == n && SameNgram(tokens, EndAt(at), end, n)) from = EndAt(at);
    }
  }
  if (from == 0) return;
  const size_t before = draft.size();
  for (size_t i = 0; i < count; ++i) {
    draft.push_back(from + i < end ? tokens[from + i] : draft[before + from + i - end]);
  }
}

}  // namespace pano::engine
