#pragma once

#include <chrono>
#include <deque>
#include <string>
#include <utility>

#include "app/hub/pull.h"
#include "base/status.h"
#include "pano/progress.h"

namespace pano::cli {

// Bytes a second over the last few seconds. Thread-compatible.
class RateMeter {
 public:
  // `bytes`: how many there are at `now`.
  void Add(TimePoint now, uint64_t bytes);
  double bytes_per_second() const;

 private:
  std::deque<std::pair<TimePoint, uint64_t>> samples_;  // of the last kWindow
};

// "2.1 GB", powers of ten as the hub counts.
std::string ShownBytes(uint64_t bytes);
// "5 s", "3 min 20 s", "2 h 5 min".
std::string ShownSeconds(double seconds);

// Shows a pull: one line on stderr that is rewritten where that is a terminal, a line at the start else;
// or, for programs, JSON lines on stdout. Thread-compatible.
class PullProgress {
 public:
  PullProgress(std::string name, bool json);

  // Sets the callbacks of `options` to this, which must outlive the pull.
  void Attach(hub::PullOptions& options);
  void Finish(const hub::PullResult& result);
  void Failed(const Status& failure);

 private:
  void OnPlan(const hub::PullPlan& plan);
  void OnProgress(const hub::TransferState& state);
  void OnRetry(const Status& failure, Duration delay);

  const std::string name_;
  const bool json_;
  Progress line_;
  RateMeter rate_;
  TimePoint last_{};  // of a JSON line
};

}  // namespace pano::cli
