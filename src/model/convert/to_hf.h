#pragma once

#include "model/convert/convert.h"
#include "model/format/fwd.h"

namespace pano::convert {

// From a GGUF file. REQUIRES: the target was checked.
Result<Report> ToHuggingFace(const format::ModelFiles& files, const Request& request);

}  // namespace pano::convert
