#include "model/tokenizer/models/merge_table.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace pano::tokenizer {

MergeTable::MergeTable(size_t count)
    : entries_(std::bit_ceil(std::max<size_t>(count * 2, 16))),
      filter_(entries_.size() / 16),  // four bits for each slot
      shift_(64 - std::countr_zero(entries_.size())),
      filter_shift_(shift_ - 2),
      mask_(entries_.size() - 1),
      room_(count) {}

void MergeTable::Set(int32_t left, int32_t right, Merge merge) {
  const uint64_t key = Key(left, right);
  const uint64_t hash = Hash(key);
  const uint64_t bit = hash >> filter_shift_;
  filter_[bit / 64] |= uint64_t{1} << (bit % 64);
  size_t slot = hash >> shift_;
  while (entries_[slot].key != kEmpty && entries_[slot].key != key) slot = (slot + 1) & mask_;
  entries_[slot] = {key, merge};
}

void MergeTable::Shrink() {
  const auto taken = std::count_if(entries_.begin(), entries_.end(),
                                   [](const Entry& entry) { return entry.key != kEmpty; });
  MergeTable smaller(static_cast<size_t>(taken));
  if (smaller.entries_.size() == entries_.size()) return;
  for (const Entry& entry : entries_) {
    if (entry.key == kEmpty) continue;
    smaller.Set(static_cast<int32_t>(entry.key >> 32), static_cast<int32_t>(entry.key & UINT32_MAX),
                entry.merge);
  }
  *this = std::move(smaller);
}

}  // namespace pano::tokenizer
