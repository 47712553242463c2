#pragma once

#include <string>

#include "base/status.h"
#include "model/train/recipe/recipe.h"

namespace pano::train {

// task: tokenizer. Writes OUT/tokenizer.json; says what it does as events (`json`) or as a line.
Status TrainTokenizerTask(const Recipe& recipe, const std::string& out, bool json, int threads);

}  // namespace pano::train
