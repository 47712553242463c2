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

void ByteBpe::MergeLong(std::string_view piece, std::vector<TokenId>& ids) const {
  std::vector<int32_t> symbols;
  symbols.reserve(piece.size());
  for (char c : piece) symbols.push_back(bytes_.symbols[static_cast<unsigned char>(c)]);
  QueueMerge(merges_, symbols);
  ids.insert(ids.end(), symbols.begin(), symbols.end());
}

}  // namespace pano::tokenizer
