#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "model/tokenizer/models/merge_table.h"
#include "model/tokenizer/text/token_id.h"

namespace pano::tokenizer {

// What merging starts from. Immutable, so thread-safe.
struct ByteSymbols {
  std::array<int32_t, 256> symbols{};    // of the bytes
  std::vector<MergeTable::Merge> pairs;  // of two bytes, by left * 256 + right
};

// Merges the bytes of one piece of up to kMax, step by step: Next looks for the pair to merge and
// prefetches what LookUp reads, so that the merges of several pieces can be interleaved to hide the
// latency of memory. Quadratic, which is the fastest for short pieces. Confined to one thread.
template <size_t kMax>
class ShortMerge {
 public:
  static_assert(kMax <= 64);

  void Start(const ByteSymbols& bytes, const MergeTable& merges, std::string_view piece) {
    merges_ = &merges;
    size_ = piece.size();
    const auto byte = [&](size_t i) {
      return static_cast<size_t>(static_cast<unsigned char>(piece[i]));
    };
    order_.fill(kNever);
    for (size_t i = 0; i < size_; ++i) symbols_[i] = bytes.symbols[byte(i)];
    for (size_t i = 0; i + 1 < size_; ++i) Set(i, bytes.pairs[byte(i) << 8 | byte(i + 1)]);
    alive_ = ~uint64_t{0} >> (64 - size_);
  }

  // Merges the pair of the lowest rank, the leftmost of equals. False: there is none.
  bool Next() {
    int32_t least = kNever;
    for (int32_t order : order_)
      least = std::min(least, order);  // all: compilers make vectors of it
    if (least == kNever) return false;
    left_ = static_cast<size_t>(least) & ((1u << kPlaceBits) - 1);
    const uint64_t behind = alive_ & (~uint64_t{1} << left_);
    const auto right = static_cast<size_t>(std::countr_zero(behind));
    symbols_[left_] = becomes_[left_];
    alive_ &= ~(uint64_t{1} << right);
    order_[left_] = order_[right] = kNever;
    const uint64_t next = behind & (behind - 1);
    const uint64_t before = alive_ & ((uint64_t{1} << left_) - 1);
    next_ = next != 0 ? static_cast<size_t>(std::countr_zero(next)) : kNone;
    before_ = before != 0 ? static_cast<size_t>(63 - std::countl_zero(before)) : kNone;
    if (next_ != kNone) merges_->Prefetch(symbols_[left_], symbols_[next_]);
    if (before_ != kNone) merges_->Prefetch(symbols_[before_], symbols_[left_]);
    return true;
  }
  // The pairs that the merge has made. Call after each Next that was true.
  void LookUp() {
    if (next_ != kNone) Set(left_, merges_->Find(symbols_[left_], symbols_[next_]));
    if (before_ != kNone) Set(before_, merges_->Find(symbols_[before_], symbols_[left_]));
  }

  // Returns how many symbols there are; writes them to `out`.
  size_t Write(TokenId* out) const {
    size_t count = 0;
    for (uint64_t left = alive_; left != 0; left &= left - 1)
      out[count++] = symbols_[std::countr_zero(left)];
    return count;
  }

 private:
  // A pair's rank, then its position, so that the least is the next to merge.
  static constexpr unsigned kPlaceBits = 6;
  static constexpr int32_t kNever = INT32_MAX;
  static constexpr size_t kNone = SIZE_MAX;

  void Set(size_t place, MergeTable::Merge merge) {
    const uint32_t order = merge.rank << kPlaceBits | static_cast<uint32_t>(place);
    order_[place] = merge.rank == MergeTable::kNone ? kNever : static_cast<int32_t>(order);
    becomes_[place] = merge.symbol;
  }

  const MergeTable* merges_ = nullptr;
  size_t size_ = 0;
  uint64_t alive_ = 0;  // where a symbol begins: it stays where its first byte is
  size_t left_ = 0;     // the pairs to look up: left_ and next_, before_ and left_
  size_t next_ = kNone;
  size_t before_ = kNone;
  std::array<int32_t, kMax> symbols_;
  std::array<int32_t, kMax> order_;    // of the pair that begins at each place
  std::array<int32_t, kMax> becomes_;  // what that pair merges to
};

}  // namespace pano::tokenizer
