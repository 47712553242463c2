#include "pano/load/load_run.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/http/request_text.h"
#include "base/clock.h"
#include "infra/sim/poisson.h"
#include "pano/load/sender.h"

namespace pano::load {
namespace {

// When requests of an open loop are due, from its start.
std::vector<Duration> Arrivals(int64_t requests, double rate, uint64_t seed) {
  std::vector<Duration> due;
  for (const double at : sim::PoissonTimes(static_cast<size_t>(requests), rate, seed)) {
    due.push_back(std::chrono::duration_cast<Duration>(std::chrono::duration<double>(at)));
  }
  return due;
}

// The requests of a run as they are sent. As far as there is memory for them they are made before the run, so that
// it does not take time from the server beside it.
class Texts {
 public:
  Texts(const http::Url& url, const WorkloadOptions& workload, size_t count) : url_(url), workload_(workload) {
    for (size_t bytes = 0; made_.size() < count && bytes < kBytesMax; bytes += made_.back().size()) {
      made_.push_back(Make(made_.size()));
    }
  }
  std::string Take(size_t index) {
    return index < made_.size() ? std::exchange(made_[index], {}) : Make(index);
  }

 private:
  static constexpr size_t kBytesMax = size_t{256} << 20;
  std::string Make(size_t index) const { return http::FormatRequest(url_, MakeRequest(workload_, index)); }

  const http::Url& url_;
  const WorkloadOptions& workload_;
  std::vector<std::string> made_;
};

}  // namespace

RunResult SendAll(const http::Url& url, const WorkloadOptions& workload, const RunOptions& options,
                  const std::function<void(int64_t done, int64_t errors)>& on_progress) {
  constexpr Duration kProgress = std::chrono::milliseconds(100);
  Clock& clock = Clock::Real();
  const auto count = static_cast<size_t>(options.requests);
  const bool open_loop = options.rate > 0;
  const std::vector<Duration> due =
      open_loop ? Arrivals(options.requests, options.rate, workload.seed) : std::vector<Duration>();
  const auto in_flight_max = static_cast<size_t>(open_loop ? kConnectionsMax : std::min(options.concurrency, kConnectionsMax));
  Texts texts(url, workload, count);

  RunResult result;
  result.outcomes.resize(count);
  size_t done = 0, next = 0;
  int64_t errors = 0;
  auto sender = Sender::Create(url, options.client, workload.dialect, [&](size_t index, Outcome outcome) {
    ++done;
    if (!outcome.status.ok()) ++errors;
    result.outcomes[index] = std::move(outcome);
  });
  if (!sender.ok()) {
    for (Outcome& outcome : result.outcomes) outcome.status = sender.status();
    return result;
  }
  const TimePoint start = clock.Now();
  TimePoint progress = start + kProgress;
  while (done < count) {
    const TimePoint now = clock.Now();
    TimePoint until = progress;
    while (next < count && (*sender)->in_flight() < in_flight_max) {
      const TimePoint at = open_loop ? start + due[next] : now;
      if (at > now) {
        until = std::min(until, at);
        break;
      }
      (*sender)->Start(next, at, texts.Take(next));
      ++next;
    }
    if (done < count) (*sender)->Poll(until);
    if (clock.Now() < progress) continue;
    progress += kProgress;
    if (on_progress) on_progress(static_cast<int64_t>(done), errors);
  }
  if (on_progress) on_progress(static_cast<int64_t>(done), errors);
  result.seconds = Seconds(clock.Now() - start);
  return result;
}

}  // namespace pano::load
