#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "app/api/call.h"
#include "app/api/context.h"
#include "app/api/request_statistics.h"
#include "base/result.h"

namespace pano::inference {

// What one version has done since the server started, over all protocols. A value.
struct ModelStatistics {
  std::string name, version;
  api::RequestStatistics::Counts requests;
  int64_t executions = 0;  // forward passes, each of a batch

  static int64_t Nanos(double seconds) { return static_cast<int64_t>(seconds * 1e9); }
};

// Of the version that the call names, of all loaded ones of the model that it names without one, or, where
// it names none, of all that the caller may see.
Result<std::vector<ModelStatistics>> StatisticsOf(const api::Context& context, const api::Call& call);

}  // namespace pano::inference
