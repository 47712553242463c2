#pragma once

#include <chrono>
#include <mutex>

namespace pano {

using Duration = std::chrono::nanoseconds;
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;

// Where time comes from, so that tests and simulations can own it. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint Now() const = 0;            // monotonic
  virtual int64_t UnixSeconds() const = 0;      // wall clock

  static Clock& Real();                          // the machine's
};

// A clock that moves only when told. Thread-safe.
class ManualClock final : public Clock {
 public:
  TimePoint Now() const override;
  int64_t UnixSeconds() const override;
  void Advance(Duration by);

 private:
  mutable std::mutex mu_;
  TimePoint now_{};
};

inline double Seconds(Duration d) { return std::chrono::duration<double>(d).count(); }
inline double Milliseconds(Duration d) { return Seconds(d) * 1e3; }

}  // namespace pano
