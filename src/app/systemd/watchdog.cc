#include "app/systemd/watchdog.h"

#include <unistd.h>

#include <utility>

#include "base/log.h"
#include "base/strings.h"
#include "base/threads.h"

namespace pano::systemd {

std::optional<Duration> WatchdogLimit(Env& env) {
  const std::string process = env.Variable("WATCHDOG_PID");
  if (!process.empty() && ParseInt(process) != ::getpid()) return std::nullopt;
  const auto microseconds = ParseInt(env.Variable("WATCHDOG_USEC"));
  constexpr int64_t kMost = INT64_MAX / 1000;   // in nanoseconds
  if (!microseconds || *microseconds <= 0 || *microseconds > kMost) return std::nullopt;
  return std::chrono::microseconds(*microseconds);
}

Watchdog::Watchdog(const Notifier& notifier, Duration limit, std::function<std::string()> wrong,
                   Clock& clock) {
  thread_ = StartThread("pano-watchdog", [&notifier, &clock, limit, wrong = std::move(wrong)](
                                             const std::stop_token& stop) {
    std::string said;
    do {
      const std::string now = wrong();
      if (now.empty()) {
        if (Status sent = notifier.Watchdog(); !sent.ok()) LogWarning("[watchdog] ", sent.message());
      } else if (said.empty()) {
        LogError("[watchdog] ", now, ": the service manager is told no more that this process is alive");
      }
      said = now;
    } while (clock.SleepFor(limit / 2, stop));
  });
}

}  // namespace pano::systemd
