#pragma once

#include <cstddef>
#include <functional>
#include <stop_token>

#include "base/status.h"

namespace pano::remote {

// Calls body(i) for each i in [0, count) from up to `jobs` threads. After `failures_max` failures
// no new call begins. The failures come back as one, the first few of them in its message ("a; b;
// and 3 more"); Cancelled as soon as `stop` is requested and the running calls have ended.
Status ForEachInParallel(size_t count, int jobs, int failures_max, const std::stop_token& stop,
                         const std::function<Status(size_t index)>& body);

}  // namespace pano::remote
