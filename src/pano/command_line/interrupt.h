#pragma once

#include <stop_token>
#include <thread>

namespace pano::cli {

// While it lives, SIGINT and SIGTERM ask for a stop and nothing else; a second one ends the process. Takes
// the signals from the whole process: made before other threads start, by the main thread. One at a time.
class StopOnSignal {
 public:
  StopOnSignal();
  ~StopOnSignal();
  StopOnSignal(const StopOnSignal&) = delete;
  StopOnSignal& operator=(const StopOnSignal&) = delete;

  std::stop_token token() const { return stop_.get_token(); }

 private:
  void Wait(const std::stop_token& over);

  std::stop_source stop_;
  bool interrupted_blocked_ = false, terminated_blocked_ = false;  // before
  std::jthread waiter_;
};

}  // namespace pano::cli
