#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "base/mutex.h"

namespace pano::api {

// The threads that read requests (JSON, templates, tokens) and write large answers, so that those of
// the connections only move bytes. Tasks run in the order of their coming, but those with much to
// read never take the last thread: small ones always pass. Thread-safe.
class WorkPool {
 public:
  struct Options {
    int threads = 0;          // 0: Submit runs its task itself, before it returns
    size_t tasks_max = 1024;  // that wait; one more is refused
  };
  // A task with so many bytes to read or write is a large one.
  static constexpr size_t kLargeBytes = 64 << 10;

  explicit WorkPool(Options options);
  // What has not begun is dropped; waits for what has.
  ~WorkPool();
  WorkPool(const WorkPool&) = delete;
  WorkPool& operator=(const WorkPool&) = delete;

  // False when too many wait: the task was dropped. One that throws is logged.
  bool Submit(size_t bytes, std::function<void()> task);
  // For what was admitted already and has to be answered: never refused (but by the pool's end).
  void SubmitAdmitted(size_t bytes, std::function<void()> task);
  size_t waiting() const;

 private:
  friend class Strand;
  class Queue;

  const std::shared_ptr<Queue> queue_;  // strands keep it too: an engine may wake one when the pool has ended
  std::vector<std::jthread> threads_;
};

// Tasks that run one after the other, on whichever thread of a pool; dropped where the pool has ended,
// which a strand may outlive. Thread-safe.
class Strand : public std::enable_shared_from_this<Strand> {
 public:
  // What each run counts as: see WorkPool::kLargeBytes.
  static constexpr size_t kSmall = 0;
  explicit Strand(const WorkPool& pool, size_t bytes = WorkPool::kLargeBytes)
      : queue_(pool.queue_), bytes_(bytes) {}
  void Post(std::function<void()> task);

 private:
  class Turn;
  void RunAll();
  void End();

  const std::shared_ptr<WorkPool::Queue> queue_;
  const size_t bytes_;
  Mutex mu_;
  std::deque<std::function<void()>> tasks_ PANO_GUARDED_BY(mu_);
  bool running_ PANO_GUARDED_BY(mu_) = false;
  bool ended_ PANO_GUARDED_BY(mu_) = false;
};

}  // namespace pano::api
