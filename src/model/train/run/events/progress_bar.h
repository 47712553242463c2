#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "base/mutex.h"
#include "model/train/run/events/event_writer.h"

namespace pano::train {

// "1:02:03", "2:03"; "?" for what is not known (negative or no number).
std::string TimeText(double seconds);

// Events for a person: on a terminal one line that is drawn over (steps, loss, tokens/s, remaining
// time), with evaluations and notes above it; elsewhere a line every few seconds. Thread-safe.
class ProgressBar final : public EventSink {
 public:
  struct Options {
    TextOutput output;
    bool terminal = false;
    int columns = 80;            // of the terminal
    int64_t total_steps = 0;
    int64_t first_step = 0;      // done before this session
    double seconds_between = 5;  // lines where there is no terminal; on one, a twentieth of it
    Clock* clock = &Clock::Real();
  };
  explicit ProgressBar(Options options);
  Status Write(const Event& event) override;

 private:
  Status Show(const StepEvent& step) PANO_REQUIRES(mu_);
  // A line that stays.
  Status Line(const std::string& text) PANO_REQUIRES(mu_);
  std::string StepText(const StepEvent& step) const PANO_REQUIRES(mu_);

  const Options options_;
  const TimePoint start_;
  Mutex mu_;
  TimePoint shown_ PANO_GUARDED_BY(mu_);
  bool anything_shown_ PANO_GUARDED_BY(mu_) = false;
  bool open_line_ PANO_GUARDED_BY(mu_) = false;  // the cursor stands behind the drawn line
  int64_t tokens_ PANO_GUARDED_BY(mu_) = 0;      // of this session
};

}  // namespace pano::train
