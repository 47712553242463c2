#include "model/tokenizer/models/byte_bpe.h"

#include <algorithm>
#include <atomic>
#include <bit>

#include "model/tokenizer/models/piece_cache.h"
#include "model/tokenizer/models/queue_merge.h"

namespace pano::tokenizer {
namespace {

uint32_t NextOwner() {
  static std::atomic<uint32_t> last{0};
  return ++last;
}

template <bool kReadable>
PieceKey KeyOf(const char* p, size_t length) {
  return kReadable ? PieceKey::Of(p, length) : PieceKey::Copy(p, length);
}

}  // namespace

ByteBpe::ByteBpe(const std::array<int32_t, 256>& bytes, const MergeTable& merges,
                 std::span<const Entry> entries, bool ignore_merges)
    : merges_(merges),
      bytes_{bytes, std::vector<MergeTable::Merge>(1 << 16)},
      whole_(entries.size()),
      owner_(NextOwner()) {
  for (size_t pair = 0; pair < bytes_.pairs.size(); ++pair) {
    bytes_.pairs[pair] = merges_.Find(bytes[pair >> 8], bytes[pair & 0xff]);
  }
  std::vector<TokenId> merged;
  for (const Entry& entry : entries) {
    merged.clear();
    if (!ignore_merges) Merge(entry.piece, merged);
    if (ignore_merges || (merged.size() == 1 && merged[0] == entry.id))
      whole_.Add(entry.piece, entry.id);
  }
}

void ByteBpe::Encode(std::span<const std::string_view> pieces, const char* readable_end,
                     std::vector<TokenId>& ids) const {
  PieceCache& cache = PieceCache::Mine();
  while (!pieces.empty()) {
    const auto batch = pieces.first(std::min(kBatch, pieces.size()));
    const bool readable =
        readable_end - batch.back().data() >= static_cast<ptrdiff_t>(PieceKey::kBytesMax);
    if (readable)
      EncodeBatch</*kReadable=*/true>(batch, cache, ids);
    else
      EncodeBatch</*kReadable=*/false>(batch, cache, ids);
    pieces = pieces.subspan(batch.size());
  }
}

// A batch goes through three steps, each a loop of its own so that memory accesses of different
// pieces overlap: all pieces are looked up in the cache; the misses are looked up in the
// vocabulary, whose slots were prefetched; what is left is merged, several pieces interleaved
// (ShortMerge).
template <bool kReadable>
void ByteBpe::EncodeBatch(std::span<const std::string_view> pieces, PieceCache& cache,
                          std::vector<TokenId>& ids) const {
  using Small = PieceCache::SmallSlot;
  Batch batch;
  std::array<uint8_t, kBatch> misses;  // indices
  size_t miss_count = 0;
  for (size_t i = 0; i < pieces.size(); ++i) {  // without branches, which would be mispredicted
    const size_t size = std::min(pieces[i].size(), PieceKey::kBytesMax + 1);
    const PieceKey key = KeyOf<kReadable>(pieces[i].data(), size);
    const Small& slot = cache.Small(key.Hash(size));
    const bool known = slot.Holds(key, PieceCache::Tag(owner_, size));
    batch.inline_ids[i] = slot.ids;
    batch.counts[i] = static_cast<uint8_t>(known ? slot.count() : 0);
    misses[miss_count] = static_cast<uint8_t>(i);
    miss_count += known ? 0 : 1;
  }
  size_t short_count = 0;
  for (size_t i = 0; i < miss_count; ++i) {
    const std::string_view piece = pieces[misses[i]];
    if (piece.size() > PieceKey::kBytesMax) continue;
    const PieceKey key = KeyOf<kReadable>(piece.data(), piece.size());
    batch.misses[short_count] = {key, key.Hash(piece.size()), piece.data(), piece.size(),
                                 misses[i]};
    whole_.Prefetch(batch.misses[short_count++].hash);
  }
  if (short_count > 0) EncodeMisses(short_count, cache, batch);
  std::array<TokenId, kBatch * PieceKey::kBytesMax + Small::kTokensMax> made;
  TokenId* out = made.data();
  for (size_t i = 0; i < pieces.size(); ++i) {
    if (batch.counts[i] - 1u < Small::kTokensMax) {
      std::copy(batch.inline_ids[i].begin(), batch.inline_ids[i].end(), out);
      out += batch.counts[i];
    } else if (batch.counts[i] > 0) {
      out = std::copy_n(batch.long_ids.begin() + batch.inline_ids[i][0], batch.counts[i], out);
    } else {
      ids.insert(ids.end(), made.data(), out);
      out = made.data();
      EncodeLong(pieces[i], ids);
    }
  }
  ids.insert(ids.end(), made.data(), out);
}

void ByteBpe::EncodeMisses(size_t count, PieceCache& cache, Batch& batch) const {
  size_t to_merge = 0;
  for (size_t i = 0; i < count; ++i) {
    const CacheMiss& miss = batch.misses[i];
    const TokenId id = whole_.Find(miss.key, miss.size, miss.hash);
    if (id >= 0) {
      batch.Set(miss.index, 1, &id);
      StoreInCache(miss, 1, &id, cache);
      continue;
    }
    cache.Prefetch(miss.hash);
    batch.misses[to_merge++] = miss;
  }
  size_t waiting = 0;
  for (size_t i = 0; i < to_merge; ++i) {
    const CacheMiss& miss = batch.misses[i];
    const uint64_t tag = PieceCache::Tag(owner_, miss.size);
    if (const PieceCache::LargeSlot* slot = cache.FindLarge(miss.hash, miss.key, tag)) {
      batch.Set(miss.index, slot->count(), slot->ids.data());
      StoreInCache(miss, slot->count(), slot->ids.data(), cache);
      continue;
    }
    batch.misses[waiting++] = miss;
  }
  for (size_t done = 0; done < waiting; done += kInterleaved) {
    MergeInterleaved({&batch.misses[done], std::min(kInterleaved, waiting - done)}, cache, batch);
  }
}

void ByteBpe::MergeInterleaved(std::span<const CacheMiss> misses, PieceCache& cache,
                               Batch& batch) const {
  std::array<ShortMerge<PieceKey::kBytesMax>, kInterleaved> merges;
  for (size_t i = 0; i < misses.size(); ++i)
    merges[i].Start(bytes_, merges_, {misses[i].begin, misses[i].size});
  for (unsigned going = (1u << misses.size()) - 1; going != 0;) {
    for (size_t i = 0; i < misses.size(); ++i) {
      if ((going >> i & 1) != 0 && !merges[i].Next()) going &= ~(1u << i);
    }
    for (size_t i = 0; i < misses.size(); ++i) {
      if ((going >> i & 1) != 0) merges[i].LookUp();
    }
  }
  for (size_t i = 0; i < misses.size(); ++i) {
    std::array<TokenId, PieceKey::kBytesMax> made;
    const size_t count = merges[i].Write(made.data());
    batch.Set(misses[i].index, count, made.data());
    if (count <= PieceCache::LargeSlot::kTokensMax) {
      cache.AddLarge(misses[i].hash, misses[i].key, PieceCache::Tag(owner_, misses[i].size), count,
                     made.data());
    }
    StoreInCache(misses[i], count, made.data(), cache);
  }
}

void ByteBpe::StoreInCache(const CacheMiss& piece, size_t count, const TokenId* ids,
                           PieceCache& cache) const {
  if (piece.size > PieceCache::SmallSlot::kBytesMax || count > PieceCache::SmallSlot::kTokensMax)
    return;
  cache.AddSmall(piece.hash, piece.key, PieceCache::Tag(owner_, piece.size), count, ids);
}

void ByteBpe::EncodeLong(std::string_view piece, std::vector<TokenId>& ids) const {
  const TokenId id = whole_.FindLong(piece);
  if (id >= 0) return ids.push_back(id);
  Merge(piece, ids);
}

void ByteBpe::Merge(std::string_view piece, std::vector<TokenId>& ids) const {
  if (piece.size() > kShortMax) return MergeLong(piece, ids);
  ShortMerge<kShortMax> merge;
  merge.Start(bytes_, merges_, piece);
  while (merge.Next()) merge.LookUp();
  std::array<TokenId, kShortMax> made;
  ids.insert(ids.end(), made.data(), made.data() + merge.Write(made.data()));
}

void ByteBpe::MergeLong(std::string_view piece, std::vector<TokenId>& ids) const {
  std::vector<int32_t> symbols;
  symbols.reserve(piece.size());
  for (char c : piece) symbols.push_back(bytes_.symbols[static_cast<unsigned char>(c)]);
  QueueMerge(merges_, symbols);
  ids.insert(ids.end(), symbols.begin(), symbols.end());
}

}  // namespace pano::tokenizer
