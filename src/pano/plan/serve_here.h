#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/threads.h"
#include "infra/cluster/catalogue.h"
#include "infra/planner/plan.h"
#include "infra/planner/workload.h"
#include "model/format/fwd.h"
#include "pano/plan/measured_steps.h"

namespace pano::plan {

// What `pano serve` on this machine is asked for.
struct HereGoal {
  int64_t context = 0, concurrency = 1;
  std::string kv_type = "auto";   // auto, f32, f16, int8
  int64_t step_tokens = 512;
  int64_t prompt_tokens = 0;      // of one request; 0: not told
};

// The memory of the process, as it is resident once `concurrency` requests of `context` tokens run at once; and blocks
// of keys and values that they take.
struct HereMemory {
  planner::Memory memory;
  int64_t kv_blocks = 0;
  int64_t loading_peak = 0;       // while weights are laid out anew
  std::string kv_type;            // f32, f16 or int8
};

// By the inventory of the model's tensors and the engine's own division of KV memory (engine::PlanKvMemory). `files` has
// weights.
Result<HereMemory> MemoryHere(const format::ModelFiles& files, const HereGoal& goal);

// This machine as an accelerator: what the process may take, and rates that were measured in about a second.
cluster::Cluster MachineHere(ComputePool& pool, bool measure);

// Step times of the model itself, in a few seconds (measured_steps.h).
Result<MeasuredSteps> MeasureHere(const format::ModelFiles& files, const planner::WorkloadSpec& spec, const HereGoal& goal, int64_t prompt, int64_t answer,
                                  ComputePool& pool);

}  // namespace pano::plan
