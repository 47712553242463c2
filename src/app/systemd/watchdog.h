#pragma once

#include <functional>
#include <optional>
#include <string>
#include <thread>

#include "app/systemd/notifier.h"
#include "base/clock.h"
#include "base/env.h"

namespace pano::systemd {

// How often the manager wants to hear from this process: WATCHDOG_USEC, when WATCHDOG_PID is absent or
// this process. Nothing when it does not want to, or says nonsense.
std::optional<Duration> WatchdogLimit(Env& env = Env::Real());

// Tells the manager twice within `limit` that the process is alive, as long as it is: `wrong` says what
// is stuck, "" when nothing. A process that is stuck says nothing, and the manager ends it. Its thread is
// joined by the destructor. Thread-safe.
class Watchdog {
 public:
  // `notifier` and `clock` outlive it; `wrong` is called from its thread.
  Watchdog(const Notifier& notifier, Duration limit, std::function<std::string()> wrong,
           Clock& clock = Clock::Real());

 private:
  std::jthread thread_;
};

}  // namespace pano::systemd
