#include "model/engine/speculation/row_cost.h"

#include <algorithm>

namespace pano::engine {
namespace {

// How fast measurements fade with each new one.
constexpr double kFade = 0.99;
// The typical cost counts like one step with five rows.
constexpr double kPriorWeight = 4 * 4;
constexpr double kCostMin = 0.01;
constexpr double kCostMax = 2;

}  // namespace

void RowCost::Observe(int64_t rows, double seconds) {
  if (rows < 1 || rows > kRowsMax || !(seconds > 0)) return;
  for (Steps& steps : steps_) steps.weight *= kFade;
  Steps& steps = steps_[static_cast<size_t>(rows - 1)];
  steps.weight += 1;
  steps.seconds.Observe(seconds);
}

// Least squares of time over rows, through the step with one row.
double RowCost::Get() const {
  double sum = kPriorWeight * kTypical;
  double weight = kPriorWeight;
  const double one = one_row_seconds();
  for (size_t more = 1; more < steps_.size() && one > 0; ++more) {
    const Steps& steps = steps_[more];
    if (!(steps.seconds.value() > 0)) continue;
    const auto rows = static_cast<double>(more);
    sum += steps.weight * rows * (steps.seconds.value() / one - 1);
    weight += steps.weight * rows * rows;
  }
  return std::clamp(sum / weight, kCostMin, kCostMax);
}

}  // namespace pano::engine
