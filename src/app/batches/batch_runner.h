#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "app/batches/active_batch.h"
#include "app/batches/batch_input.h"
#include "app/batches/batch_store.h"
#include "app/batches/line_service.h"
#include "base/clock.h"
#include "base/mutex.h"

namespace pano::batches {

// Runs the batches of a store, a window of lines at a time, on a thread of its own: tenants take turns, and so do the
// batches of each; the lines of a batch come in their order. A line that is refused for now (429, 503) is tried again until the batch's time is over. A line
// counts as done once its result is written; results that come close together are written at once. Thread-safe.
class BatchRunner {
 public:
  struct Options {
    size_t window = 8;  // lines being answered, of all batches together
    InputLimits input = {};
    Duration retry_min = std::chrono::seconds(1);  // between two tries of a line, or of the disk
    Duration retry_max = std::chrono::seconds(30);
  };

  // What who made a batch may do now; fails where that is nothing any more (its key or client was taken away).
  // Asked before each line begins. Must not wait.
  using MakerCheck = std::function<Result<auth::Principal>(const auth::Principal& maker)>;

  // `store` and `clock` outlive it. Batches that are not done go on. No `maker_check`: makers keep their rights.
  BatchRunner(BatchStore& store, LineService service, Options options, Clock& clock = Clock::Real(),
              MakerCheck maker_check = {});
  // As Stop.
  ~BatchRunner();
  BatchRunner(const BatchRunner&) = delete;
  BatchRunner& operator=(const BatchRunner&) = delete;

  // A batch was added or cancelled.
  void Wake();
  // Ends the requests under way, which begin anew when there is a runner again, and writes what was answered.
  void Stop();

 private:
  struct Landed {
    std::string batch;
    uint64_t flight = 0;
    LineAnswer answer;
  };
  // What other threads write to; it outlives the runner while requests of it are under way.
  struct Inbox {
    Mutex mu;
    CondVar changed;
    std::vector<Landed> landed PANO_GUARDED_BY(mu);
    bool woken PANO_GUARDED_BY(mu) = true;
    bool stopping PANO_GUARDED_BY(mu) = false;
  };

  void Run();
  // Takes in what has changed in the store.
  Status Refresh();
  Status Begin(BatchRecord record);
  // Its input cannot be read any more: it fails, and keeps what was answered. Forgets it.
  Status GiveUp(BatchRecord record, const Status& why);
  void Forget(const std::string& id);
  void Land(Landed landed);
  // Writes, ends and begins whatever can be; `at` becomes the time at which there is more to do.
  Status Step(TimePoint& at);
  Status StepBatch(ActiveBatch& batch, bool& over);
  Status Finish(ActiveBatch& batch);
  // Each line that is left says why it has no answer.
  Status EndLines(ActiveBatch& batch, std::string_view code, std::string_view message);
  Status LaunchLines(TimePoint& at);
  // Begins one line of the tenant's batches, which take turns; false where none has one at this time.
  Result<bool> LaunchLineOf(const std::string& tenant, TimePoint now, TimePoint& at);
  void Launch(ActiveBatch& batch, ActiveBatch::Line line, auth::Principal maker);
  void EndFlights(ActiveBatch& batch);

  BatchStore& store_;
  const LineService service_;
  const Options options_;
  Clock& clock_;
  const MakerCheck maker_check_;  // may be empty
  const std::shared_ptr<Inbox> inbox_ = std::make_shared<Inbox>();

  // The thread's own.
  std::map<std::string, ActiveBatch> active_;
  struct Turns {
    std::set<std::string> batches;
    std::string last;  // whose line began last
  };
  std::map<std::string, Turns> tenants_;  // with active batches
  std::string turn_;                      // the tenant whose line began last
  size_t in_flight_ = 0;
  uint64_t flights_ = 0;
  bool refresh_ = true;

  std::jthread thread_;
};

}  // namespace pano::batches
