#pragma once

#include <cstdint>
#include <vector>

#include "model/tokenizer/models/merge_table.h"

namespace pano::tokenizer {

// Merges neighbours of `symbols` (none negative) until no pair is in the table: always the pair
// with the lowest rank, the leftmost of equals. O(n log n), for pieces that are too long to be
// searched again after every merge.
void QueueMerge(const MergeTable& merges, std::vector<int32_t>& symbols);

}  // namespace pano::tokenizer
