#pragma once

#include <string_view>

#include "app/models/model_source.h"
#include "app/models/model_version.h"
#include "base/clock.h"
#include "base/result.h"

namespace pano::models {

// "fake:MS" in place of a model's path: a model that says a token every MS milliseconds and computes
// nothing, to measure the layers above it. A file of such a name is meant by "./fake:MS".
bool IsPacedPath(std::string_view path);
// The time between tokens: MS from 0 (as fast as it is read) to 60000, with or without a fraction.
// InvalidArgument.
Result<Duration> ParsePacedPath(std::string_view path);

// The model of such a source, ready to answer.
Result<ModelVersionPtr> MakePacedModel(const ModelSource& source);

}  // namespace pano::models
