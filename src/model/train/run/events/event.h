#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/status.h"

namespace pano::train {

// What a run says while it goes on. Losses and norms are unrounded.

struct StepEvent {
  int64_t step = 0;      // counts from 1
  double loss = 0;
  double grad_norm = 0;  // before clipping
  double lr = 0;         // used by this step
  int64_t items = 0;     // labels, rows or pairs that the loss is the mean of
  int64_t tokens = 0;    // of the step, without padding
  double tok_s = 0;
  // More by name, as "scale" of the loss scaler, "skipped", "loss.HEAD".
  std::vector<std::pair<std::string, double>> more = {};
};

struct EvalEvent {
  int64_t step = 0;
  double loss = 0;
  bool best = false;  // the best so far
  std::vector<std::pair<std::string, double>> more = {};  // as "accuracy"
};

struct CheckpointEvent {
  int64_t step = 0;
  std::string path = {};
  uint64_t bytes = 0;
  double seconds = 0;
  Status status = {};  // not ok: it was not written
};

struct DoneEvent {
  int64_t step = 0;
  std::string reason = {};  // "steps", "patience", "terminated"
  std::string output = {};  // the folder that holds the result; "" when there is none yet
  int64_t best_step = -1;
  double best_loss = 0;  // where best_step >= 0
  double seconds = 0;
  int64_t tokens = 0;
};

// A sentence for who watches: a checkpoint that was skipped, a member that came.
struct NoteEvent {
  std::string text;
};

using Event = std::variant<StepEvent, EvalEvent, CheckpointEvent, DoneEvent, NoteEvent>;

// Where events go. Thread-safe: checkpoints report from a thread of their own.
class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual Status Write(const Event& event) = 0;
};

}  // namespace pano::train
