#pragma once

#include <string>

#include "base/env.h"
#include "base/result.h"

namespace pano {

// Whether there is anything at `path` (links followed). A path that cannot be looked at, on a disk
// that fails or in a folder that may not be entered, is a failure and not absence.
Result<bool> Exists(const std::string& path, const Env& env = Env::Real());

}  // namespace pano
