#pragma once

#include "model/convert/convert.h"
#include "model/format/fwd.h"

namespace pano::convert {

// From a Hugging Face folder. REQUIRES: the target was checked.
Result<Report> ToGguf(const format::ModelFiles& files, const Request& request);

}  // namespace pano::convert
