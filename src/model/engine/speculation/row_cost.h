#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

namespace pano::engine {

// About the least of late: what disturbs a machine does not count. Thread-compatible.
class RecentMinimum {
 public:
  void Observe(double value) {
    // It may rise a little each time: contexts grow.
    constexpr double kRise = 1.02;
    value_ = value_ > 0 ? std::min(value_ * kRise, value) : value;
  }
  double value() const { return value_; }  // 0: none

 private:
  double value_ = 0;
};

// How much longer a step takes for each row more, as a part of a step with one row: measured while
// the engine runs, for it depends on the machine, the weights' type and the kernels. Starts from
// what is typical and goes back there where nothing is measured any more. Thread-compatible.
class RowCost {
 public:
  static constexpr double kTypical = 0.15;
  static constexpr int64_t kRowsMax = 8;  // steps with more are passed over

  // A step took that long. `rows`: its tokens, each with its logits.
  void Observe(int64_t rows, double seconds);
  double Get() const;
  // Of a step with one row; 0: never seen.
  double one_row_seconds() const { return steps_[0].seconds.value(); }

 private:
  struct Steps {
    RecentMinimum seconds;
    double weight = 0;  // how many there were of late
  };
  std::array<Steps, kRowsMax> steps_;  // by rows - 1
};

}  // namespace pano::engine
