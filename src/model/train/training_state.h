#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "base/json.h"
#include "model/train/tensor_file.h"

namespace pano::train {

// All of a run between two steps: what a checkpoint holds. A value, but for tensors that it shares
// with a trainer (Trainer::BorrowState).
//
// `weights` and `config` are a folder that other programs read: F32, by the names that the files of
// the base have (or PEFT's), "config.json" (or "adapter_config.json"). `optimizer` and `progress`
// are what going on to the same bits takes besides.
struct TrainingState {
  enum class Layout : uint8_t { kModel, kAdapter };
  Layout layout = Layout::kModel;
  NamedTensors weights;
  json::Value config;
  NamedTensors optimizer;  // "first.NAME", "second.NAME" of each parameter, and what they need
  // {"step", "rows", "scaler": {"scale", "good_steps"}, "best": {...}}: small, and complete with
  // the recipe: random numbers depend on the seed and the step alone.
  json::Value progress;
};

// Gives the state tensors of its own.
void CopyTensors(TrainingState& state);
uint64_t TensorBytes(const TrainingState& state);

// What one step did.
struct StepResult {
  int64_t step = 0;       // from 1
  double loss = 0;        // as the task defines it
  double grad_norm = 0;   // before clipping
  double lr = 0;          // that the step used
  int64_t items = 0;      // labels that counted, or rows of tasks that count rows
  int64_t tokens = 0;     // of the rows, padding left out
  bool skipped = false;   // fp16: a gradient overflowed, nothing was changed
};

}  // namespace pano::train
