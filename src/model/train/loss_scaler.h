#pragma once

#include <cstdint>

namespace pano::train {

// The factor on the loss that keeps small gradients above what 16-bit floats hold, and finds its
// own size (Micikevicius et al., "Mixed precision training", 2018, section 3.2; the rules are
// torch.amp.GradScaler's). A value.
class LossScaler {
 public:
  struct Options {
    double scale = 65536;          // at the start
    double growth = 2;             // after good steps
    double backoff = 0.5;          // after an overflow
    int64_t growth_interval = 2000;  // good steps in a row
  };

  LossScaler() : LossScaler(Options{}) {}
  explicit LossScaler(const Options& options) : options_(options), scale_(static_cast<float>(options.scale)) {}

  double scale() const { return static_cast<double>(scale_); }
  int64_t good_steps() const { return good_steps_; }

  // After a step; `overflow`: a gradient was infinite or no number, and the step was skipped.
  void Update(bool overflow);
  void Restore(double scale, int64_t good_steps) {
    scale_ = static_cast<float>(scale);
    good_steps_ = good_steps;
  }

 private:
  Options options_;
  float scale_;
  int64_t good_steps_ = 0;
};

}  // namespace pano::train
