#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/clock.h"
#include "model/engine/kv/block_allocator.h"
#include "model/engine/kv/kv_group.h"

namespace pano::engine {

// Block ids of one sequence: a list per state group, all of the same length. kNoBlock: not held.
using BlockLists = std::vector<std::span<const BlockId>>;

// A sequence that holds blocks; in a window group only those that its next token sees.
struct RunningView {
  int64_t tokens = 0;                  // known: prompt and output
  int64_t computed = 0;                // of these, in KV memory
  BlockLists blocks;
  bool paused = false;                 // its reader is slow: gets no work, may be preempted
  bool scores_prompt = false;          // wants a row of logits for each token
  bool deferred = false;               // gets no work in this step: its tenant has enough
  bool displaceable = false;           // its tenant runs more than its share: may make room for others
};

// A sequence that waits for its first step, or for being computed again.
struct WaitingView {
  int64_t tokens = 0;
  int64_t cached_tokens = 0;           // whole blocks at its beginning that the prefix cache has
  BlockLists cached;                   // what it takes over of them when it is admitted
  bool scores_prompt = false;
  TimePoint arrived = {};              // its request
  bool may_displace = false;           // its tenant runs less than its share
};

struct GroupView {
  KvGroup rule;
  int64_t available = 0;               // blocks that are free, or cached and held by nobody
  std::span<const int32_t> holders;    // by block id
};

// What the policy sees.
struct Snapshot {
  // With one tenant the oldest request first; with several round by round, each tenant's oldest, then
  // each one's next. Who stands further back gives way.
  std::vector<RunningView> running;
  std::vector<WaitingView> waiting;    // in the order of admission
  std::vector<GroupView> groups;
};

}  // namespace pano::engine
