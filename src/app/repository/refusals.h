#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

#include "app/models/model_version.h"
#include "base/clock.h"
#include "base/status.h"

namespace pano::repository {

// What somebody is told who cannot have a model now.
inline Status Unavailable(std::string message, std::string reason) {
  return Status(StatusCode::kUnavailable, std::move(message)).WithReason(std::move(reason)).WithField("model");
}

// For Retry-After: at least one.
inline int64_t SecondsUp(Duration d) {
  return std::max<int64_t>(1, std::chrono::ceil<std::chrono::seconds>(d).count());
}

// Whether requests use it: those that it has, and those that are on their way to it. An adapter's are in the engine of
// its base, and hold it while they run.
inline bool IsBusy(const models::ModelVersionPtr& version, long own_copies) {
  if (version.use_count() > own_copies) return true;
  if (!version->parent.empty()) return false;
  const serving::Stats stats = version->service().GetStats();
  return stats.waiting_requests + stats.running_requests > 0;
}

}  // namespace pano::repository
