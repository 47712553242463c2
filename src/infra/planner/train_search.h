#pragma once

#include <cstdint>
#include <optional>

#include "infra/planner/train_model.h"

namespace pano::planner {

// What is given; the rest is searched.
struct TrainGoal {
  int64_t global_batch = 1;
  int64_t seq = 0;
  std::optional<int64_t> tp, pp;
  std::string dtype = "bf16";
};

struct TrainSearch {
  std::optional<ParallelPlan> plan;     // none where no division of the cards makes sense at all
  TrainPrediction prediction;           // the plan's; it may not fit: then it is the one that needs least
  int64_t predicted = 0, pruned = 0;    // plans that were computed, and those that a bound excluded
};

// The plan with the shortest step of all that fit, as TrainModel predicts them: branch and bound over the divisors of
// the cards (dp, tp, pp, cp, ep), micro-batch and virtual stages; a branch ends where LeastSeconds, which no
// completion of it undercuts, is not below the best step so far. Of equal steps, the one with less memory. Virtual stages
// beyond 16 only where they divide the layers.
TrainSearch SearchTraining(const TrainModel& model, const TrainGoal& goal);

// TP = cards of a node, PP the smallest that fits, micro-batch 1, ZeRO-1, selective recompute, else full.
std::optional<ParallelPlan> RuleOfThumb(const TrainModel& model, const TrainGoal& goal);

}  // namespace pano::planner
