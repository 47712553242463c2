#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "app/api/work/work_pool.h"
#include "base/mutex.h"

namespace pano::api::batches {

// The thread of requests that came over no connection: their tasks run on it in the order of their coming. Thread-safe.
class TaskLoop {
 public:
  TaskLoop() : pool_(std::make_unique<WorkPool>(WorkPool::Options{.threads = 1, .tasks_max = 1})) {}

  // After Stop nothing: an engine may have something to say when nobody listens any more.
  void Post(std::function<void()> task) {
    MutexLock lock(mu_);
    if (pool_) pool_->SubmitAdmitted(0, std::move(task));
  }
  // Waits for the task that runs; not to be called from one.
  void Stop() {
    std::unique_ptr<WorkPool> pool;  // ends without the lock: its task may post
    {
      MutexLock lock(mu_);
      pool = std::move(pool_);
    }
  }

 private:
  Mutex mu_;
  std::unique_ptr<WorkPool> pool_ PANO_GUARDED_BY(mu_);  // of one thread
};

}  // namespace pano::api::batches
