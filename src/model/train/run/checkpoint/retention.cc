#include "model/train/run/checkpoint/retention.h"

#include <algorithm>

#include "base/check.h"

namespace pano::train {

std::vector<int64_t> StepsToRemove(std::vector<int64_t> steps, int64_t newest, int64_t best_step,
                                   int64_t keep) {
  PANO_CHECK(keep >= 1);
  std::erase_if(steps, [&](int64_t step) { return step > newest; });
  std::sort(steps.begin(), steps.end());
  const size_t kept = std::min(steps.size(), static_cast<size_t>(keep));
  steps.resize(steps.size() - kept);
  std::erase(steps, best_step);
  return steps;
}

}  // namespace pano::train
