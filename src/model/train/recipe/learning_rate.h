#pragma once

#include <cstdint>

#include "model/train/recipe/recipe.h"

namespace pano::train {

// What the learning rate is multiplied with in a step, which counts from 0 here; as transformers'
// schedules have it (optimization.py), beyond `total_steps` as well. `schedule.total_steps` is not
// looked at.
double LearningRateFactor(const Recipe::Schedule& schedule, int64_t step, int64_t total_steps);

}  // namespace pano::train
