#pragma once

#include <chrono>
#include <csignal>
#include <functional>
#include <thread>

#include "base/clock.h"
#include "base/mutex.h"

namespace pano::cli {

// SIGTERM, SIGINT and SIGHUP (unless it was ignored, as under nohup, or opens files anew) while a server runs. Before it
// is ready the first ends the process; then the first asks for the drain. The second ends the process
// at once, whatever its threads do, and so does a drain that goes on beyond its bound. Thread-safe.
class ServeSignals {
 public:
  // Supervisors (and timeout(1)) tell the process and its group, so a signal may come twice: what
  // follows the first this closely is the same one.
  static constexpr std::chrono::milliseconds kSameSignal{300};

  // To be made before any other thread, so that all leave these signals to this.
  // `end_time`: from the first signal to the end of the process at the latest.
  // `hangup_reopens`: SIGHUP asks for what OnHangup was given, and ends nothing.
  explicit ServeSignals(std::chrono::milliseconds end_time, bool hangup_reopens = false);
  ~ServeSignals();   // the process ends in peace
  ServeSignals(const ServeSignals&) = delete;
  ServeSignals& operator=(const ServeSignals&) = delete;

  // Called on a thread of this at each SIGHUP from now on. It must not wait for long.
  void OnHangup(std::function<void()> reopen);
  void SetReady();
  // Waits for the first signal after SetReady.
  void AwaitFirst();

 private:
  void Watch();
  // The next signal, or 0 at the latest time to end.
  int Next();
  bool Handle(int signal);

  const std::chrono::milliseconds end_time_;
  const bool hangup_reopens_;
  sigset_t signals_;
  Mutex mu_;
  CondVar changed_;
  bool ready_ PANO_GUARDED_BY(mu_) = false;
  bool asked_ PANO_GUARDED_BY(mu_) = false;
  bool over_ PANO_GUARDED_BY(mu_) = false;
  std::function<void()> reopen_ PANO_GUARDED_BY(mu_);
  TimePoint first_{};   // confined to the watching thread
  std::jthread thread_;
};

}  // namespace pano::cli
