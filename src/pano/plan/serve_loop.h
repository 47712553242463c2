#pragma once

#include "base/result.h"
#include "infra/planner/serve_model.h"
#include "infra/sim/serve_plan.h"
#include "infra/sim/step_time.h"

namespace pano::plan {

// Above so many clients, or tokens of all simulated requests, the closed form of the planner answers.
inline constexpr int64_t kLoopClientsMax = 256;
inline constexpr int64_t kLoopTokensMax = 4'000'000;

// What SimulateLoop plays: `clients` in a closed loop before one replica with these step times.
sim::ServePlan LoopPlan(const sim::StepTime& time, const planner::ServeGoal& goal, int64_t clients);

// Fills in what a server whose steps take `time` does, by simulating it with the engine's own decisions (step_policy): a
// closed loop of `clients`, or goal.load_rps at random (Poisson) times. The inter-token latency is the median
// gap, the time to first token the mean. With service levels, requests_day is the highest rate of random arrivals at which nine of
// ten requests, and gaps, keep them; else that of the closed loop. False, and nothing filled, where it is too large to
// simulate. Deterministic.
Result<bool> SimulateLoop(const sim::StepTime& time, const planner::ServeGoal& goal, int64_t clients, planner::ServePrediction& out);

}  // namespace pano::plan
