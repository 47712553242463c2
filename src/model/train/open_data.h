#pragma once

#include "base/result.h"
#include "model/train/base_model.h"
#include "model/train/recipe/recipe.h"
#include "model/train/trainer.h"

namespace pano::train {

// The rows that the recipe names, as tokens of the base's vocabulary and within what it takes.
// Failures are the recipe's, or name file and line.
Result<Trainer::Data> OpenData(const Recipe& recipe, const BaseModel& base);

}  // namespace pano::train
