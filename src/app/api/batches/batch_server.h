#pragma once

#include <memory>

#include "app/api/api.h"
#include "app/api/batches/task_loop.h"
#include "app/batches/batch_runner.h"
#include "app/batches/batch_store.h"
#include "base/clock.h"
#include "base/mutex.h"

namespace pano::api::batches {

using pano::batches::BatchRecord;
using pano::batches::BatchRunner;
using pano::batches::BatchStore;
using pano::batches::FileRecord;

// What the routes of files and batches work with. Thread-safe.
class BatchServer {
 public:
  BatchServer(std::unique_ptr<BatchStore> store, BatchRunner::Options options)
      : store_(std::move(store)), options_(options) {}
  ~BatchServer() {
    Stop();
    loop_->Stop();
  }

  BatchStore& store() { return *store_; }

  // Begins to run batches as requests to `api`. It and `clock` outlive Stop. Once.
  void Start(Api& api, Clock& clock = Clock::Real());
  // No batch is run any more.
  void Stop();
  // A batch was added or cancelled.
  void Wake();

 private:
  const std::unique_ptr<BatchStore> store_;
  const BatchRunner::Options options_;
  const std::shared_ptr<TaskLoop> loop_ = std::make_shared<TaskLoop>();
  Mutex mu_;
  std::unique_ptr<BatchRunner> runner_ PANO_GUARDED_BY(mu_);  // null before Start and after Stop
};

using BatchServerPtr = std::shared_ptr<BatchServer>;

}  // namespace pano::api::batches
