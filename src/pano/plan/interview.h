#pragma once

#include <functional>
#include <optional>
#include <string>

#include "pano/plan/make_plan.h"

namespace pano::plan {

// Asks a line; nothing at the end of the input.
using Ask = std::function<std::optional<std::string>(const std::string& question)>;

// What `pano plan` without arguments asks on a terminal: task, model, hardware, context, requests at once. An empty
// answer takes what stands in brackets; a wrong one is asked again, a few times.
Result<PlanOptions> Interview(const Ask& ask, const std::string& default_model);

}  // namespace pano::plan
