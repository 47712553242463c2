#pragma once

#include <algorithm>
#include <cstdint>

namespace pano::serving {

// What a step costs beside its tokens (weights that are read, synchronisation), in tokens: a line through
// (tokens, seconds) of late steps by least squares, old ones weighing ever less. Thread-compatible.
class StepCost {
 public:
  void Observe(int64_t tokens, double seconds) {
    constexpr double kKeep = 0.99;
    const auto x = static_cast<double>(tokens);
    n_ = n_ * kKeep + 1;
    x_ = x_ * kKeep + x;
    y_ = y_ * kKeep + seconds;
    xx_ = xx_ * kKeep + x * x;
    xy_ = xy_ * kKeep + x * seconds;
    const double spread = n_ * xx_ - x_ * x_;
    if (n_ < 8 || spread < 0.05 * x_ * x_) return;  // all of one size say nothing
    const double slope = (n_ * xy_ - x_ * y_) / spread;
    if (slope <= 0) return;
    fixed_tokens_ = std::clamp((y_ - slope * x_) / n_ / slope, 0.0, kFixedMax);
    token_seconds_ = slope;
  }
  double fixed_tokens() const { return fixed_tokens_; }
  // What a token more costs; 0 until it is known.
  double token_seconds() const { return token_seconds_; }
  // How many tokens a step of that length has; 0 until it is known, else at least 1.
  int64_t TokensWithin(double seconds) const {
    if (token_seconds_ <= 0) return 0;
    constexpr double kMost = 1 << 24;
    return static_cast<int64_t>(std::clamp(seconds / token_seconds_ - fixed_tokens_, 1.0, kMost));
  }

  static constexpr double kTypical = 4;  // until steps of different sizes were seen
  static constexpr double kFixedMax = 256;

 private:
  double n_ = 0, x_ = 0, y_ = 0, xx_ = 0, xy_ = 0;
  double fixed_tokens_ = kTypical;
  double token_seconds_ = 0;
};

}  // namespace pano::serving
