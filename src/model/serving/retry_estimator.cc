#include "model/serving/retry_estimator.h"

#include <algorithm>
#include <cmath>

namespace pano::serving {
namespace {

constexpr size_t kCompletionsKept = 32;

}  // namespace

void RetryEstimator::Complete(double busy_seconds) {
  completions_.push_back(busy_seconds);
  if (completions_.size() > kCompletionsKept) completions_.pop_front();
}

double RetryEstimator::WaitSeconds(int64_t waiting) const {
  if (completions_.size() < 2) return 0;
  const double span = completions_.back() - completions_.front();
  return static_cast<double>(waiting) * span / static_cast<double>(completions_.size() - 1);
}

int64_t RetryEstimator::Seconds(int64_t waiting, std::optional<double> stalled_seconds) const {
  if (waiting == 0) return 1;
  double seconds = 1;
  const double span = completions_.empty() ? 0 : completions_.back() - completions_.front();
  if (span > 0) {
    seconds =
        static_cast<double>(waiting + 1) * span / static_cast<double>(completions_.size() - 1);
  } else if (stalled_seconds) {
    seconds = *stalled_seconds + 1;
  }
  return static_cast<int64_t>(
      std::ceil(std::clamp(seconds, 1.0, static_cast<double>(kSecondsMax))));
}

}  // namespace pano::serving
