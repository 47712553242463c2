#include "model/tokenizer/byte_bpe.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <functional>
#include <queue>

#include "model/tokenizer/piece_cache.h"

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

// Neighbours of a symbol in MergeLong's list, by index; -1 at the ends.
struct Link {
  int32_t previous;
  int32_t next;
};

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

// The pieces of a batch: known from the cache, one token each, or merged several in turns.
template <bool kReadable>
void ByteBpe::EncodeBatch(std::span<const std::string_view> pieces, PieceCache& cache,
                          std::vector<TokenId>& ids) const {
  using Small = PieceCache::SmallSlot;
  Batch batch;
  std::array<uint8_t, kBatch> unknown;  // indices
  size_t unknown_count = 0;
  for (size_t i = 0; i < pieces.size();
       ++i) {  // without branches, as what comes next cannot be foreseen
    const size_t size = std::min(pieces[i].size(), PieceKey::kBytesMax + 1);
    const PieceKey key = KeyOf<kReadable>(pieces[i].data(), size);
    const Small& slot = cache.Small(key.Hash(size));
    const bool known = slot.Holds(key, PieceCache::Tag(owner_, size));
    batch.few[i] = slot.ids;
    batch.counts[i] = static_cast<uint8_t>(known ? slot.count() : 0);
    unknown[unknown_count] = static_cast<uint8_t>(i);
    unknown_count += known ? 0 : 1;
  }
  size_t short_count = 0;
  for (size_t i = 0; i < unknown_count; ++i) {
    const std::string_view piece = pieces[unknown[i]];
    if (piece.size() > PieceKey::kBytesMax) continue;
    const PieceKey key = KeyOf<kReadable>(piece.data(), piece.size());
    batch.unknown[short_count] = {key, key.Hash(piece.size()), piece.data(), piece.size(),
                                  unknown[i]};
    whole_.Prefetch(batch.unknown[short_count++].hash);
  }
  if (short_count > 0) EncodeUnknown(short_count, cache, batch);
  std::array<TokenId, kBatch * PieceKey::kBytesMax + Small::kTokensMax> made;
  TokenId* out = made.data();
  for (size_t i = 0; i < pieces.size(); ++i) {
    if (batch.counts[i] - 1u < Small::kTokensMax) {
      std::copy(batch.few[i].begin(), batch.few[i].end(), out);
      out += batch.counts[i];
    } else if (batch.counts[i] > 0) {
      out = std::copy_n(batch.many.begin() + batch.few[i][0], batch.counts[i], out);
    } else {
      ids.insert(ids.end(), made.data(), out);
      out = made.data();
      EncodeLong(pieces[i], ids);
    }
  }
  ids.insert(ids.end(), made.data(), out);
}

void ByteBpe::EncodeUnknown(size_t count, PieceCache& cache, Batch& batch) const {
  size_t to_merge = 0;
  for (size_t i = 0; i < count; ++i) {
    const Unknown& unknown = batch.unknown[i];
    const TokenId id = whole_.Find(unknown.key, unknown.size, unknown.hash);
    if (id >= 0) {
      batch.Set(unknown.index, 1, &id);
      Remember(unknown, 1, &id, cache);
      continue;
    }
    cache.Prefetch(unknown.hash);
    batch.unknown[to_merge++] = unknown;
  }
  size_t waiting = 0;
  for (size_t i = 0; i < to_merge; ++i) {
    const Unknown& unknown = batch.unknown[i];
    const uint64_t tag = PieceCache::Tag(owner_, unknown.size);
    if (const PieceCache::LargeSlot* slot = cache.FindLarge(unknown.hash, unknown.key, tag)) {
      batch.Set(unknown.index, slot->count(), slot->ids.data());
      Remember(unknown, slot->count(), slot->ids.data(), cache);
      continue;
    }
    batch.unknown[waiting++] = unknown;
  }
  for (size_t done = 0; done < waiting; done += kTurns) {
    MergeInTurns({&batch.unknown[done], std::min(kTurns, waiting - done)}, cache, batch);
  }
}

void ByteBpe::MergeInTurns(std::span<const Unknown> unknown, PieceCache& cache,
                           Batch& batch) const {
  std::array<ShortMerge<PieceKey::kBytesMax>, kTurns> merges;
  for (size_t i = 0; i < unknown.size(); ++i)
    merges[i].Start(bytes_, merges_, {unknown[i].begin, unknown[i].size});
  for (unsigned going = (1u << unknown.size()) - 1; going != 0;) {
    for (size_t i = 0; i < unknown.size(); ++i) {
      if ((going >> i & 1) != 0 && !merges[i].Next()) going &= ~(1u << i);
    }
    for (size_t i = 0; i < unknown.size(); ++i) {
      if ((going >> i & 1) != 0) merges[i].LookUp();
    }
  }
  for (size_t i = 0; i < unknown.size(); ++i) {
    std::array<TokenId, PieceKey::kBytesMax> made;
    const size_t count = merges[i].Write(made.data());
    batch.Set(unknown[i].index, count, made.data());
    if (count <= PieceCache::LargeSlot::kTokensMax) {
      cache.AddLarge(unknown[i].hash, unknown[i].key, PieceCache::Tag(owner_, unknown[i].size),
                     count, made.data());
    }
    Remember(unknown[i], count, made.data(), cache);
  }
}

void ByteBpe::Remember(const Unknown& piece, size_t count, const TokenId* ids,
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

// A heap of pairs in order of rank and place; one that no longer stands is passed over.
void ByteBpe::MergeLong(std::string_view piece, std::vector<TokenId>& ids) const {
  const auto count = static_cast<int32_t>(piece.size());
  const auto at = [](int32_t index) { return static_cast<size_t>(index); };
  const auto byte = [&](int32_t i) {
    return static_cast<size_t>(static_cast<unsigned char>(piece[at(i)]));
  };
  const auto entry = [](uint32_t rank, int32_t index) {
    return static_cast<uint64_t>(rank) << 32 | static_cast<uint32_t>(index);
  };
  std::vector<int32_t> symbols(piece.size());
  std::vector<Link> links(piece.size());
  std::vector<uint64_t> start;
  for (int32_t i = 0; i < count; ++i) {
    symbols[at(i)] = bytes_.symbols[byte(i)];
    links[at(i)] = {i - 1, i + 1 < count ? i + 1 : -1};
    if (i + 1 == count) break;
    const MergeTable::Merge merge = bytes_.pairs[byte(i) << 8 | byte(i + 1)];
    if (merge.rank != MergeTable::kNone) start.push_back(entry(merge.rank, i));
  }
  std::priority_queue queue(std::greater<uint64_t>(), std::move(start));
  const auto push = [&](int32_t left, int32_t right) {
    if (left < 0 || right < 0) return;
    const auto merge = merges_.Find(symbols[at(left)], symbols[at(right)]);
    if (merge.rank != MergeTable::kNone) queue.push(entry(merge.rank, left));
  };
  while (!queue.empty()) {
    const uint64_t top = queue.top();
    queue.pop();
    const auto left = static_cast<int32_t>(top & UINT32_MAX);
    if (symbols[at(left)] < 0) continue;  // merged into its left neighbour since
    const int32_t right = links[at(left)].next;
    if (right < 0) continue;
    const auto merge = merges_.Find(symbols[at(left)], symbols[at(right)]);
    if (merge.rank != static_cast<uint32_t>(top >> 32)) continue;  // another pair stands there now
    symbols[at(left)] = merge.symbol;
    symbols[at(right)] = -1;
    const int32_t next = links[at(right)].next;
    links[at(left)].next = next;
    if (next >= 0) links[at(next)].previous = left;
    push(links[at(left)].previous, left);
    push(left, next);
  }
  std::copy_if(symbols.begin(), symbols.end(), std::back_inserter(ids),
               [](int32_t id) { return id >= 0; });
}

}  // namespace pano::tokenizer
