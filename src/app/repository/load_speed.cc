#include "app/repository/load_speed.h"

#include <algorithm>
#include <cmath>

namespace pano::repository {

void LoadSpeed::Learn(uint64_t bytes, Duration took) {
  constexpr uint64_t kBytesLeast = 1 << 20;  // smaller ones say nothing of the disk
  if (bytes < kBytesLeast) return;
  constexpr double kWeight = 0.5;  // of the newest
  const double rate = Seconds(took) / static_cast<double>(bytes);
  seconds_per_byte_ += kWeight * (rate - seconds_per_byte_);
}

Duration LoadSpeed::Estimate(uint64_t bytes) const {
  constexpr double kSecondsMost = 3600;
  const double seconds = std::clamp(kSecondsLeast + static_cast<double>(bytes) * seconds_per_byte_, 0.0, kSecondsMost);
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

models::LoadProgress LoadSpeed::Progress(uint64_t bytes, Duration elapsed) const {
  const double whole = Seconds(Estimate(bytes));
  const double past = std::max(Seconds(elapsed), 0.0);
  models::LoadProgress progress;
  // Beyond the estimate it creeps: half of what is left with every further estimate's time.
  const double plain = past / whole;
  progress.fraction = plain < 0.9 ? plain : 1 - 0.1 * std::exp2(-(plain - 0.9));
  progress.fraction = std::min(progress.fraction, 0.99);
  const double left = plain < 0.9 ? whole - past : std::max(whole * 0.1, past * 0.1);
  progress.eta_seconds = std::max<int64_t>(1, static_cast<int64_t>(std::ceil(left)));
  return progress;
}

}  // namespace pano::repository
