#include "pano/load/load_run.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <functional>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

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
    if (done_ == static_cast<int64_t>(outcomes_.size())) changed_.NotifyAll();
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

// The threads of one run, each with a connection of its own that it keeps. In a closed loop all of them send at
// once. In an open loop one at a time waits for the next request to be due, and a further thread starts only when
// one leaves to send and none is free to wait in its place: there are then no more threads and connections than
// requests were ever in flight, and those that do nothing cost the server beside them nothing.
class Senders {
 public:
  Senders(Board& board, const http::Url& url, const WorkloadOptions& workload, const http::ClientOptions& options,
          Transport& transport)
      : board_(board),
        url_(url),
        workload_(workload),
        options_(options),
        transport_(transport),
        clock_(transport.clock()),
        start_(clock_.Now()) {}

  void RunClosedLoop(int64_t count) {
    for (int64_t i = 0; i < count; ++i) {
      Start([this](http::Client& client) { SendInTurn(client); });
    }
  }
  void RunOpenLoop(int64_t most) {
    most_ = most;
    StartWaiting();
  }

 private:
  void SendInTurn(http::Client& client) {
    while (const auto index = board_.Take()) Send(client, *index, clock_.Now());
  }
  void SendWhenDue(http::Client& client) {
    while (const auto next = WaitForNext()) Send(client, next->first, next->second);
  }
  // The next request, once it is due; nothing after the last one.
  std::optional<std::pair<size_t, TimePoint>> WaitForNext() {
    free_.fetch_add(1);
    MutexLock lock(turn_);
    free_.fetch_sub(1);
    const auto index = board_.Take();
    if (!index) return std::nullopt;
    const TimePoint due = start_ + *board_.DueAt(*index);
    clock_.SleepUntil(due);
    if (free_.load() == 0) StartWaiting();
    return std::pair(*index, due);
  }
  void Send(http::Client& client, size_t index, TimePoint due) {
    board_.Put(index, SendOne(client, workload_, index, due, clock_));
  }

  void StartWaiting() {
    if (started_ < most_) Start([this](http::Client& client) { SendWhenDue(client); });
  }
  void Start(std::function<void(http::Client&)> work) {
    MutexLock lock(mu_);
    threads_.push_back(StartThread(StrCat("load-", started_++), [this, work](const std::stop_token&) {
      http::Client client(url_, options_, transport_);
      work(client);
    }));
  }

  Board& board_;
  const http::Url& url_;
  const WorkloadOptions& workload_;
  const http::ClientOptions& options_;
  Transport& transport_;
  Clock& clock_;
  const TimePoint start_;
  int64_t most_ = 0;
  Mutex turn_;  // held by the thread that waits for the next request to be due
  std::atomic<int64_t> free_{0};  // threads that wait for the turn
  std::atomic<int64_t> started_{0};
  Mutex mu_;
  std::vector<std::jthread> threads_ PANO_GUARDED_BY(mu_);  // last: they end before what they use
};

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
    Senders senders(board, url, workload, options.client, transport);
    if (open_loop) {
      senders.RunOpenLoop(workers);
    } else {
      senders.RunClosedLoop(workers);
    }
    board.WaitForAll(clock, on_progress);
  }
  result.seconds = Seconds(clock.Now() - start);
  result.outcomes = board.TakeOutcomes();
  return result;
}

}  // namespace pano::load
