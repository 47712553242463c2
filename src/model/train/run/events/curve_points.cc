#include "model/train/run/events/curve_points.h"

#include <cmath>

namespace pano::train {

void CurvePoints::Add(int64_t step, double value) {
  if (!std::isfinite(value)) return;
  sum_.step += static_cast<double>(step);
  sum_.value += value;
  if (++count_ < stride_) return;
  const auto n = static_cast<double>(count_);
  points_.push_back({sum_.step / n, sum_.value / n});
  sum_ = {};
  count_ = 0;
  if (points_.size() < points_max_) return;
  for (size_t i = 0; i < points_.size() / 2; ++i) {
    const CurvePoint &a = points_[2 * i], &b = points_[2 * i + 1];
    points_[i] = {(a.step + b.step) / 2, (a.value + b.value) / 2};
  }
  points_.resize(points_.size() / 2);
  stride_ *= 2;
}

std::vector<CurvePoint> CurvePoints::Points() const {
  std::vector<CurvePoint> out = points_;
  if (count_ > 0) {
    const auto n = static_cast<double>(count_);
    out.push_back({sum_.step / n, sum_.value / n});
  }
  return out;
}

}  // namespace pano::train
