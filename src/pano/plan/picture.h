#pragma once

#include <string>
#include <vector>

#include "infra/planner/plan.h"

namespace pano::plan {

// "12.3 GB (11.5 GiB)".
std::string BothUnits(double bytes);

// The memory of the fullest device, a bar a part, each with its share of the capacity; `columns` wide at most.
std::string MemoryBars(const planner::Memory& memory, int columns = 78);

// The same as a picture (SVG): one bar up to the capacity, with a legend.
std::string MemorySvg(const planner::Memory& memory, const std::string& title);

}  // namespace pano::plan
