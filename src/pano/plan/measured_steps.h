#pragma once

#include <cstdint>

#include "base/fwd.h"
#include "base/result.h"
#include "infra/planner/serve_model.h"
#include "infra/planner/workload.h"
#include "infra/sim/step_time.h"
#include "model/nn/fwd.h"

namespace pano::plan {

// What a server's steps look like: so many clients in a closed loop, each with prompts and answers of about that length.
struct StepMix {
  int64_t clients = 1;
  int64_t prompt = 1, answer = 1;
  int64_t context = 0;       // prompt and answer fit it
  int64_t step_tokens = 512;
};

struct MeasuredSteps {
  sim::StepTime time;             // for the simulation (serve_loop.h)
  planner::StepTimes closed_form;
};

// Step times of the model itself on this machine, in a few seconds, as terms of the simulator's step (infra/sim/step_time.h): products by
// rows, from decoding of one sequence to all of them, from steps that decode beside a piece of a prompt, from one prompt and from several at once;
// attention in prompts by pairs, from a prompt in one piece beside the same rows as two prompts; in decoding by positions, from
// depths; drawing a token. What the engine and its server take around a forward pass is in two constants, for each step and each token that is
// drawn.
Result<MeasuredSteps> MeasureSteps(nn::Model& model, const planner::WorkloadSpec& spec, const StepMix& mix, ComputePool& pool);

}  // namespace pano::plan
