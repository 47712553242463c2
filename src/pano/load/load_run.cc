#include "pano/load/load_run.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <thread>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/random.h"
#include "base/strings.h"
#include "base/threads.h"

namespace pano::load {
namespace {

// Hands out the requests in order and collects what they come to. Thread-safe.
class Board {
 public:
  // `due`: when each request is to be sent, from the start of the run; empty in a closed loop.
  Board(int64_t requests, std::vector<Duration> due)
      : due_(std::move(due)), outcomes_(static_cast<size_t>(requests)) {}

  std::optional<size_t> Take() {
    MutexLock lock(mu_);
    if (next_ == outcomes_.size()) return std::nullopt;
    return next_++;
  }
  std::optional<Duration> DueAt(size_t index) const {
    if (due_.empty()) return std::nullopt;
    return due_[index];
  }
  void Put(size_t index, Outcome outcome) {
    MutexLock lock(mu_);
    ++done_;
    if (!outcome.status.ok()) ++errors_;
    outcomes_[index] = std::move(outcome);
    changed_.NotifyAll();
  }
  void WaitForAll(Clock& clock, const std::function<void(int64_t, int64_t)>& on_progress) {
    MutexLock lock(mu_);
    while (done_ < static_cast<int64_t>(outcomes_.size())) {
      clock.WaitUntil(changed_, mu_, clock.Now() + std::chrono::milliseconds(100));
      if (on_progress) on_progress(done_, errors_);
    }
    if (on_progress) on_progress(done_, errors_);
  }
  std::vector<Outcome> TakeOutcomes() {
    MutexLock lock(mu_);
    return std::move(outcomes_);
  }

 private:
  const std::vector<Duration> due_;
  Mutex mu_;
  CondVar changed_;
  std::vector<Outcome> outcomes_ PANO_GUARDED_BY(mu_);
  size_t next_ PANO_GUARDED_BY(mu_) = 0;
  int64_t done_ PANO_GUARDED_BY(mu_) = 0;
  int64_t errors_ PANO_GUARDED_BY(mu_) = 0;
};

std::vector<Duration> Arrivals(int64_t requests, double rate, uint64_t seed) {
  std::vector<Duration> due;
  Random random(seed);
  double at = 0;
  for (int64_t i = 0; i < requests; ++i) {
    due.push_back(std::chrono::duration_cast<Duration>(std::chrono::duration<double>(at)));
    at -= std::log1p(-random.Uniform()) / rate;
  }
  return due;
}

Outcome SendOne(http::Client& client, const WorkloadOptions& workload, size_t index,
                TimePoint due, Clock& clock) {
  const http::ClientRequest request = MakeRequest(workload, index);
  AnswerReader reader(workload.dialect, due);
  const auto response =
      client.Send(request, [&](std::string_view bytes) { return reader.Feed(bytes, clock.Now()); });
  return reader.Finish(response, clock.Now());
}

void Work(Board& board, const http::Url& url, const WorkloadOptions& workload,
          const http::ClientOptions& options, Transport& transport, TimePoint start) {
  Clock& clock = transport.clock();
  http::Client client(url, options, transport);
  while (const auto index = board.Take()) {
    TimePoint due = clock.Now();
    if (const auto at = board.DueAt(*index)) {
      due = start + *at;
      clock.SleepUntil(due);
    }
    board.Put(*index, SendOne(client, workload, *index, due, clock));
  }
}

}  // namespace

RunResult SendAll(const http::Url& url, const WorkloadOptions& workload, const RunOptions& options,
                  const std::function<void(int64_t done, int64_t errors)>& on_progress,
                  Transport& transport) {
  Clock& clock = transport.clock();
  const bool open_loop = options.rate > 0;
  Board board(options.requests, open_loop ? Arrivals(options.requests, options.rate, workload.seed)
                                          : std::vector<Duration>());
  const int64_t workers = std::min(
      {options.requests, open_loop ? kConnectionsMax : options.concurrency, kConnectionsMax});
  const TimePoint start = clock.Now();
  RunResult result;
  {
    std::vector<std::jthread> threads;
    for (int64_t i = 0; i < workers; ++i) {
      threads.push_back(StartThread(StrCat("load-", i), [&](const std::stop_token&) {
        Work(board, url, workload, options.client, transport, start);
      }));
    }
    board.WaitForAll(clock, on_progress);
  }
  result.seconds = Seconds(clock.Now() - start);
  result.outcomes = board.TakeOutcomes();
  return result;
}

}  // namespace pano::load
