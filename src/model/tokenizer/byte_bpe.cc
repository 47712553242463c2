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

// MergeShort's entry for a pair: its rank, then where it stands, so that the least is the next to merge.
constexpr unsigned kPlaceBits = 6;
constexpr uint32_t kNever = UINT32_MAX;

uint32_t PlaceKey(uint32_t rank, size_t place) {
  return rank == MergeTable::kNone ? kNever : rank << kPlaceBits | static_cast<uint32_t>(place);
}

// Neighbours of a symbol in MergeLong's list, by index; -1 at the ends.
struct Link {
  int32_t previous;
  int32_t next;
};

}  // namespace

ByteBpe::ByteBpe(const std::array<int32_t, 256>& bytes, const MergeTable& merges,
                 std::span<const Entry> entries, bool ignore_merges)
    : merges_(merges), bytes_(bytes), byte_pairs_(1 << 16), whole_(entries.size()), owner_(NextOwner()) {
  for (size_t pair = 0; pair < byte_pairs_.size(); ++pair) {
    byte_pairs_[pair] = merges_.Find(bytes_[pair >> 8], bytes_[pair & 0xff]);
  }
  std::vector<TokenId> merged;
  for (const Entry& entry : entries) {
    merged.clear();
    if (!ignore_merges) Merge(entry.piece, merged);
    if (ignore_merges || (merged.size() == 1 && merged[0] == entry.id)) whole_.Add(entry.piece, entry.id);
  }
}

void ByteBpe::Encode(std::span<const std::string_view> pieces, const char* readable_end,
                     std::vector<TokenId>& ids) const {
  constexpr size_t kBatch = 32;
  std::array<PieceKey, kBatch> keys;
  std::array<uint64_t, kBatch> hashes;
  for (; !pieces.empty(); pieces = pieces.subspan(std::min(kBatch, pieces.size()))) {
    const size_t count = std::min(kBatch, pieces.size());
    for (size_t i = 0; i < count; ++i) {
      const std::string_view piece = pieces[i];
      if (piece.size() > PieceKey::kBytesMax) continue;
      const bool readable = readable_end - piece.data() >= static_cast<ptrdiff_t>(PieceKey::kBytesMax);
      keys[i] = readable ? PieceKey::Of(piece.data(), piece.size())
                         : PieceKey::Copy(piece.data(), piece.size());
      hashes[i] = keys[i].Hash(piece.size());
      whole_.Prefetch(hashes[i]);
    }
    for (size_t i = 0; i < count; ++i) {
      const std::string_view piece = pieces[i];
      const bool is_short = piece.size() <= PieceKey::kBytesMax;
      const TokenId id =
          is_short ? whole_.Find(keys[i], piece.size(), hashes[i]) : whole_.FindLong(piece);
      if (id >= 0) {
        ids.push_back(id);
      } else if (is_short) {
        EncodeShort(piece, keys[i], hashes[i], ids);
      } else {
        Merge(piece, ids);
      }
    }
  }
}

void ByteBpe::EncodeShort(std::string_view piece, const PieceKey& key, uint64_t hash,
                          std::vector<TokenId>& ids) const {
  PieceCache::Slot& slot = PieceCache::Mine().At(hash);
  if (slot.Holds(owner_, key, piece.size())) {
    ids.insert(ids.end(), slot.ids.begin(), slot.ids.begin() + slot.count);
    return;
  }
  std::array<TokenId, kShortMax> made;
  const size_t count = MergeShort(piece, made.data());
  ids.insert(ids.end(), made.begin(), made.begin() + static_cast<ptrdiff_t>(count));
  if (count > PieceCache::kTokensMax) return;
  slot.key = key;
  slot.owner = owner_;
  slot.length = static_cast<uint8_t>(piece.size());
  slot.count = static_cast<uint8_t>(count);
  std::copy_n(made.begin(), count, slot.ids.begin());
}

void ByteBpe::Merge(std::string_view piece, std::vector<TokenId>& ids) const {
  if (piece.size() > kShortMax) return MergeLong(piece, ids);
  std::array<TokenId, kShortMax> made;
  const size_t count = MergeShort(piece, made.data());
  ids.insert(ids.end(), made.begin(), made.begin() + static_cast<ptrdiff_t>(count));
}

// The symbols stay where their first byte is; a bit of `alive` for each.
size_t ByteBpe::MergeShort(std::string_view piece, TokenId* out) const {
  std::array<uint32_t, kShortMax> keys;     // of the pair that begins at each place
  std::array<int32_t, kShortMax> becomes;   // what that pair merges to
  const size_t size = piece.size();
  const auto byte = [&](size_t i) { return static_cast<size_t>(static_cast<unsigned char>(piece[i])); };
  for (size_t i = 0; i < size; ++i) out[i] = bytes_[byte(i)];
  for (size_t i = 0; i + 1 < size; ++i) {
    const MergeTable::Merge merge = byte_pairs_[byte(i) << 8 | byte(i + 1)];
    keys[i] = PlaceKey(merge.rank, i);
    becomes[i] = merge.symbol;
  }
  keys[size - 1] = kNever;
  uint64_t alive = size == 64 ? ~uint64_t{0} : (uint64_t{1} << size) - 1;
  const auto look_up = [&](size_t left, size_t right) {
    const MergeTable::Merge merge = merges_.Find(out[left], out[right]);
    keys[left] = PlaceKey(merge.rank, left);
    becomes[left] = merge.symbol;
  };
  for (;;) {
    uint32_t least = kNever;
    for (size_t i = 0; i < size; ++i) least = std::min(least, keys[i]);
    if (least == kNever) break;
    const size_t left = least & ((1u << kPlaceBits) - 1);
    const uint64_t behind = alive & (~uint64_t{1} << left);
    const auto right = static_cast<size_t>(std::countr_zero(behind));
    out[left] = becomes[left];
    alive &= ~(uint64_t{1} << right);
    keys[left] = keys[right] = kNever;
    if (const uint64_t next = behind & (behind - 1)) {
      look_up(left, static_cast<size_t>(std::countr_zero(next)));
    }
    if (const uint64_t before = alive & ((uint64_t{1} << left) - 1)) {
      look_up(static_cast<size_t>(63 - std::countl_zero(before)), left);
    }
  }
  size_t count = 0;
  for (; alive != 0; alive &= alive - 1) out[count++] = out[std::countr_zero(alive)];
  return count;
}

// A heap of pairs in order of rank and place; one that no longer stands is passed over.
void ByteBpe::MergeLong(std::string_view piece, std::vector<TokenId>& ids) const {
  const auto count = static_cast<int32_t>(piece.size());
  const auto at = [](int32_t index) { return static_cast<size_t>(index); };
  const auto byte = [&](int32_t i) { return static_cast<size_t>(static_cast<unsigned char>(piece[at(i)])); };
  const auto entry = [](uint32_t rank, int32_t index) {
    return static_cast<uint64_t>(rank) << 32 | static_cast<uint32_t>(index);
  };
  std::vector<int32_t> symbols(piece.size());
  std::vector<Link> links(piece.size());
  std::vector<uint64_t> start;
  for (int32_t i = 0; i < count; ++i) {
    symbols[at(i)] = bytes_[byte(i)];
    links[at(i)] = {i - 1, i + 1 < count ? i + 1 : -1};
    if (i + 1 == count) break;
    const MergeTable::Merge merge = byte_pairs_[byte(i) << 8 | byte(i + 1)];
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
    if (symbols[at(left)] < 0) continue;     // merged into its left neighbour since
    const int32_t right = links[at(left)].next;
    if (right < 0) continue;
    const auto merge = merges_.Find(symbols[at(left)], symbols[at(right)]);
    if (merge.rank != static_cast<uint32_t>(top >> 32)) continue;   // another pair stands there now
    symbols[at(left)] = merge.symbol;
    symbols[at(right)] = -1;
    const int32_t next = links[at(right)].next;
    links[at(left)].next = next;
    if (next >= 0) links[at(next)].previous = left;
    push(links[at(left)].previous, left);
    push(left, next);
  }
  std::copy_if(symbols.begin(), symbols.end(), std::back_inserter(ids), [](int32_t id) { return id >= 0; });
}

}  // namespace pano::tokenizer
