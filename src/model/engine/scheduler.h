#pragma once

#include <cstdint>
#include <vector>

#include "model/engine/snapshot.h"

namespace pano::engine {

// What the policy may hand out in one step.
struct SchedulerLimits {
  int64_t step_tokens_max = 512;
  int64_t sequences_max = 64;      // running at once; at most step_tokens_max
  int64_t scored_rows_max = 64;    // prompt tokens whose logits are wanted: each costs a row
  // Prompt tokens in a step that has decodes too: at least so many, or half as many again as
  // there are decodes. A prompt token costs at most as much as a decode, so a step, and with it the
  // gap between two tokens of a stream, stays within about twice its usual length for many streams.
  // Twice as many where twice as many prompts wait as streams run. 0: no such limit.
  int64_t prefill_beside_decodes = 0;
};

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

// The policy: a pure function. Every running sequence that is one token short gets it first (decode);
// what is left of the budget goes to prompts, the oldest first, but never more than half of it while
// younger ones wait for their share. A prompt makes do with the blocks that there are beside what
// younger decodes need; for a sequence that could not move at all, paused ones are preempted, then the
// youngest. Waiting ones are admitted in order, when everything they are known to need fits in every
// state group beside what the running ones still need, and not in a step that preempted.
StepDecision DecideStep(const SchedulerLimits& limits, const Snapshot& snapshot);

}  // namespace pano::engine
