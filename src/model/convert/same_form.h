#pragma once

#include "model/convert/convert.h"
#include "model/format/fwd.h"

namespace pano::convert {

// The same file or folder with matrices of another type. REQUIRES: the target was checked.
Result<Report> SameForm(const format::ModelFiles& files, const Request& request);

}  // namespace pano::convert
