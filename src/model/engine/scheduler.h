#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/engine/block_allocator.h"

namespace pano::engine {

// What the policy may hand out in one step.
struct SchedulerLimits {
  int64_t step_tokens_max = 512;
  int64_t sequences_max = 64;      // running at once; at most step_tokens_max
  int64_t scored_rows_max = 64;    // prompt tokens whose logits are wanted: each costs a row
};

// A sequence that holds blocks.
struct RunningView {
  int64_t tokens = 0;                  // known: prompt and output
  int64_t computed = 0;                // of these, in KV memory
  std::span<const BlockId> blocks;
  bool paused = false;                 // its reader is slow: gets no work, may be preempted
  bool scores_prompt = false;          // wants a row of logits for each token
};

// A sequence that waits for its first step, or for being computed again.
struct WaitingView {
  int64_t tokens = 0;
  int64_t cached_tokens = 0;           // whole blocks at its beginning that the prefix cache has
  int64_t cached_idle_blocks = 0;      // of those, how many nobody holds now
  bool scores_prompt = false;
};

struct Snapshot {
  std::vector<RunningView> running;    // oldest request first
  std::vector<WaitingView> waiting;    // in the order of admission
  int64_t blocks_available = 0;        // free, or cached and held by nobody
  std::span<const int32_t> holders;    // by block id
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
// younger ones wait for their share. When blocks run out, paused sequences are preempted, then the
// youngest. Waiting ones are admitted in order, when everything they are known to need fits beside
// what the running ones still need, and not in a step that preempted.
StepDecision DecideStep(const SchedulerLimits& limits, const Snapshot& snapshot);

}  // namespace pano::engine
