#include "model/tokenizer/merge_table.h"

#include <algorithm>
#include <bit>

namespace pano::tokenizer {

MergeTable::MergeTable(size_t count)
    : entries_(std::bit_ceil(std::max<size_t>(count * 2, 8))), mask_(entries_.size() - 1), room_(count) {}

void MergeTable::Set(int32_t left, int32_t right, Merge merge) {
  const uint64_t key = Key(left, right);
  size_t slot = Slot(key);
  while (entries_[slot].key != kEmpty && entries_[slot].key != key) slot = (slot + 1) & mask_;
  entries_[slot] = {key, merge};
}

}  // namespace pano::tokenizer
