#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "infra/sim/event_queue.h"

namespace pano::sim {

// A sequence that is being served by a replica.
struct RunningSequence {
  int64_t tokens = 0;    // known: input and output so far
  int64_t computed = 0;  // of these, in KV memory
  std::span<const int32_t> blocks = {};  // of KV memory that it holds
  int32_t tenant = 0;
};

// One that waits for its first step, or to be computed again.
struct WaitingSequence {
  int64_t tokens = 0;
  Time arrived = 0;
  int64_t cached = 0;  // at its beginning, that the replica has computed for another one; below `tokens`
  int32_t tenant = 0;
};

// What a replica's loop knows when it composes its next step.
struct ReplicaView {
  Time now = 0;
  std::span<const RunningSequence> running = {};  // the oldest request first
  std::span<const WaitingSequence> waiting = {};  // in the order of arrival, at most candidates_max of each tenant
  // KV memory; without a limit there are none of these.
  bool limited = false;
  int64_t blocks_free = 0;
  std::span<const int32_t> holders = {};  // sequences that hold a block, by its id
};

struct StepPart {
  size_t index = 0;  // into running or waiting
  int64_t tokens = 0;
};
// What to do, in this order.
struct StepPlan {
  std::vector<size_t> preempt;   // of running
  std::vector<StepPart> admit;   // of waiting
  std::vector<StepPart> run;     // of running
};

// Decides what a replica's next step computes. The simulator owns the interface and what serves fills it: the
// engine's own code, joined in the executable. Decide goes by the view and by what it was told of tenants. Confined to the simulation's
// thread.
class StepPolicy {
 public:
  virtual ~StepPolicy() = default;
  virtual int64_t block_tokens() const = 0;        // of KV memory
  virtual int64_t candidates_max() const = 0;      // waiting sequences that one step looks at
  virtual StepPlan Decide(const ReplicaView& view) = 0;

  // What happens, for policies that keep tenants apart: a request comes or is done; tokens of a tenant's inputs and outputs that a
  // step has computed, each once; what a step took.
  virtual void Enter(int32_t tenant) { static_cast<void>(tenant); }
  virtual void Leave(int32_t tenant) { static_cast<void>(tenant); }
  virtual void Serve(int32_t tenant, int64_t inputs, int64_t outputs) {
    static_cast<void>(tenant), static_cast<void>(inputs), static_cast<void>(outputs);
  }
  virtual void Stepped(int64_t tokens, double seconds) { static_cast<void>(tokens), static_cast<void>(seconds); }
};

}  // namespace pano::sim
