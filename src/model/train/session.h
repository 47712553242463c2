#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/env.h"
#include "base/result.h"
#include "model/train/run/checkpoint/contents.h"
#include "model/train/run/checkpoint/stored_checkpoint.h"
#include "model/train/run/events/event.h"
#include "model/train/trainer.h"

namespace pano::train {

struct SessionOptions {
  std::string folder;          // OUT: of checkpoints/ and of the result
  bool resume = false;         // go on from the newest checkpoint that is whole, where there is one
  EventSink* events = nullptr;  // borrowed
  // Called when the first step is known, before it: what is done, and of how many steps.
  std::function<Status(int64_t done, int64_t step_count)> begins = {};
  // Whether the run is to end with a checkpoint after the step in progress; null: never.
  std::function<bool()> stop = {};
  bool deterministic = false;
  Members* members = nullptr;  // borrowed; null: this process alone. Rank 0 alone writes
  // A state of at most so many bytes is copied for its checkpoint, which is then written while
  // steps go on. A larger one is written from where it lies, while the next step computes its
  // gradients; its update waits. So no checkpoint takes memory that counts.
  uint64_t state_copy_bytes_max = uint64_t{64} << 20;
  Env* env = &Env::Real();
  Clock* clock = &Clock::Real();
};

// How a session ended without a failure.
struct SessionEnd {
  std::string reason;  // "steps", "patience", "terminated"
  std::string output;  // OUT/model or OUT/adapter; "" after "terminated"
  int64_t step = 0;
};

// Steps, measurements, checkpoints and, at the end, the result: of the best weights where
// data.validation measured them. A failure leaves the checkpoints as they are, and no result.
Result<SessionEnd> RunSession(const Recipe& recipe, BaseModel base, Trainer::Data data,
                              const SessionOptions& options);

// A state as the files of a checkpoint, and back. The contents borrow the state.
CheckpointContents ContentsOf(const TrainingState& state, const Recipe& recipe, int64_t step, int64_t best_step);
Result<TrainingState> StateOf(const StoredCheckpoint& checkpoint);

}  // namespace pano::train
