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
  bool Submit(size_t bytes, std::function<void()> task) { return Push(bytes, std::move(task), false); }
  // For what was admitted already and has to be answered: never refused (but by the pool's end).
  void SubmitAdmitted(size_t bytes, std::function<void()> task) { Push(bytes, std::move(task), true); }
  size_t waiting() const;

 private:
  struct Task {
    uint64_t number;
    std::function<void()> run;
  };
  bool Push(size_t bytes, std::function<void()> task, bool admitted);
  // The queue whose front may run now; null for none.
  std::deque<Task>* Next() PANO_REQUIRES(mu_);
  void Work();

  const Options options_;
  mutable Mutex mu_;
  CondVar changed_;
  std::deque<Task> small_ PANO_GUARDED_BY(mu_);
  std::deque<Task> large_ PANO_GUARDED_BY(mu_);
  int large_running_ PANO_GUARDED_BY(mu_) = 0;
  uint64_t pushed_ PANO_GUARDED_BY(mu_) = 0;
  bool stopping_ PANO_GUARDED_BY(mu_) = false;
  std::vector<std::jthread> threads_;
};

// Tasks that run one after the other, on whichever thread of a pool; dropped where the pool has ended.
// Thread-safe.
class Strand : public std::enable_shared_from_this<Strand> {
 public:
  // What each run counts as: see WorkPool::kLargeBytes.
  static constexpr size_t kSmall = 0;
  explicit Strand(WorkPool& pool, size_t bytes = WorkPool::kLargeBytes) : pool_(pool), bytes_(bytes) {}
  void Post(std::function<void()> task);

 private:
  class Turn;
  void RunAll();
  void End();

  WorkPool& pool_;
  const size_t bytes_;
  Mutex mu_;
  std::deque<std::function<void()>> tasks_ PANO_GUARDED_BY(mu_);
  bool running_ PANO_GUARDED_BY(mu_) = false;
  bool ended_ PANO_GUARDED_BY(mu_) = false;
};

}  // namespace pano::api
