#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

#include "base/clock.h"

namespace pano::serving {

// Something that waits for its first step: a sequence of an engine (one row), or what a predictor
// cannot divide (a row, or rows whose results depend on each other).
struct WaitingItem {
  int64_t rows = 1;
  int64_t tokens = 0;  // to compute of it
  TimePoint arrived = {};
};

// Limits of one step that no policy can exceed.
struct StepCapacity {
  int64_t rows = std::numeric_limits<int64_t>::max();    // that may join those that run
  int64_t tokens = std::numeric_limits<int64_t>::max();  // beside those of decoding rows
};

// What a loop knows when it composes its next step.
struct BatchSnapshot {
  // In the order in which they must be taken; all may share a step.
  std::span<const WaitingItem> waiting = {};
  // Begun in earlier steps, to go on in this one. A predictor has none: its items take one step.
  int64_t decoding_rows = 0;  // each with one token; they take part whatever is decided
  int64_t prefill_rows = 0;   // with inputs that are not computed to their end
  // True: an item's tokens may be spread over steps (a prompt in chunks). False: whoever is taken is
  // computed whole.
  bool divisible = false;
  StepCapacity capacity = {};
  TimePoint now = {};
  bool draining = false;  // nothing more will come
};

// What to do now.
struct BatchDecision {
  // Begin the first `take` waiting items, at most: an engine begins those of them that its memory
  // allows.
  size_t take = 0;
  // Tokens that begun and taken items may compute in this step beside one of each decoding row.
  // Only where items are divisible.
  int64_t tokens = 0;
  // When there is nothing to do otherwise: look again when something comes, or after that long.
  Duration wait = Duration::zero();

  bool operator==(const BatchDecision&) const = default;
};

// How a step went, for policies that learn.
struct BatchOutcome {
  int64_t rows = 0;
  int64_t tokens = 0;
  Duration computed = Duration::zero();
  Duration oldest_waited = Duration::zero();  // of the items that began with it, until then
};

// How much goes into a step, and how long to wait for more: one interface for loops that compute
// whole requests and for those that compute sequences token by token. Decide is a pure function of
// the snapshot and of what the policy has learned; the loop calls it before a step and Learn after
// it. Confined to the thread of the loop that owns it.
class BatchPolicy {
 public:
  virtual ~BatchPolicy() = default;
  virtual BatchDecision Decide(const BatchSnapshot& snapshot) const = 0;
  virtual void Learn(const BatchOutcome& outcome) { static_cast<void>(outcome); }
};

// How many of the first items have at most so many rows and tokens together, but at least one: what
// exceeds a limit all by itself goes alone.
size_t CountFitting(std::span<const WaitingItem> waiting, const StepCapacity& limits);

// What the policy decides, within the snapshot's limits and so that the loop moves: where rows that
// run or items that it takes need tokens there is at least one, and where it neither takes anything
// nor has anything that runs it waits at least a millisecond. Loops call this, never Decide.
BatchDecision DecideWithin(const BatchPolicy& policy, const BatchSnapshot& snapshot);

}  // namespace pano::serving
