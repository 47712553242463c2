#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace pano::train {

struct CurvePoint {
  double step = 0;   // mean of the steps that it stands for
  double value = 0;  // mean of their values
};

// A curve of any length in bounded memory: once there are too many points, neighbours are merged and
// from then on each point stands for twice as many steps. Thread-compatible.
class CurvePoints {
 public:
  // REQUIRES: points_max is even and positive.
  explicit CurvePoints(size_t points_max = 1024) : points_max_(points_max) {}

  // Values that are no number are left out.
  void Add(int64_t step, double value);
  // Those that are full, and the one that fills.
  std::vector<CurvePoint> Points() const;

 private:
  size_t points_max_;
  size_t stride_ = 1;  // values that a point is the mean of
  std::vector<CurvePoint> points_;
  CurvePoint sum_;     // of the point that fills
  size_t count_ = 0;
};

}  // namespace pano::train
