#pragma once

#include <cstdint>
#include <vector>

#include "model/engine/snapshot.h"
#include "model/serving/batch_policy.h"

namespace pano::engine {

// What may be handed out in one step, whatever a batch policy says.
struct SchedulerLimits {
  int64_t step_tokens_max = 512;
  int64_t sequences_max = 64;      // running at once; at most step_tokens_max
  int64_t scored_rows_max = 64;    // prompt tokens whose logits are wanted: each costs a row
};

// The snapshot as a batch policy sees it: without blocks. `waiting` is filled with an item for each
// waiting sequence, and borrowed. `now` and `draining` are left to the caller.
serving::BatchSnapshot Summarize(const SchedulerLimits& limits, const Snapshot& snapshot,
                                 std::vector<serving::WaitingItem>& waiting);

struct Work {
  size_t index = 0;                    // into Snapshot::running or waiting
  int64_t tokens = 0;
  bool operator==(const Work&) const = default;
};

// What to do, in this order.
struct StepDecision {
  std::vector<size_t> preempt;         // of running
  std::vector<Work> admit;             // of waiting, a prefix of it; with its first tokens
  std::vector<Work> run;               // of running
};

// Divides what the batch policy allows among the sequences, within memory: a pure function. A step
// has at most `batch.tokens` tokens of prompts, and the first `batch.take` waiting sequences may be
// admitted. REQUIRES: `batch` comes from DecideWithin over Summarize of the same arguments.
//
// Every running sequence that is one token short gets it first (decode); the budget goes to prompts, the oldest first, but never more than half of it while
// younger ones wait for their share. A prompt makes do with the blocks that there are beside what
// younger decodes need; for a sequence that could not move at all, paused ones are preempted, then the
// youngest. Waiting ones are admitted in order, when everything they are known to need fits in every
// state group beside what the running ones still need, and not in a step that preempted for memory. The
// first of them, where its tenant runs less than its share, has displaceable ones preempted for it.
StepDecision DecideStep(const SchedulerLimits& limits, const Snapshot& snapshot,
                        const serving::BatchDecision& batch);

}  // namespace pano::engine
