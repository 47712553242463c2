#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "model/engine/kv/kv_group.h"
#include "model/engine/options.h"
#include "model/nn/model.h"

namespace pano::engine {

// How KV memory is divided among a model's state groups.
struct KvPlan {
  std::vector<KvGroup> groups;
  std::vector<int> block_counts;   // one per group, each at least 1
  int64_t context_max = 0;         // the longest sequence that fits alone
};

// Groups that keep every position get `options.kv_blocks`, or as many as let all groups together stay
// within `options.kv_bytes_max`. A window group gets as many, but no more than what all sequences see
// at once and as much again for cached prefixes; when there are only window groups, the widest counts
// as the first kind. Nobody gets more than all sequences together can use, unless `kv_blocks` says so.
// Exhausted when not even one block fits, Unimplemented for a kind of group that is not supported.
// REQUIRES: `options.context_max` is set, the numbers are in range.
Result<KvPlan> PlanKvMemory(const nn::StateLayout& layout, const Options& options);

}  // namespace pano::engine
