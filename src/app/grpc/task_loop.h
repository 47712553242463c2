#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <deque>
#include <memory>
#include <thread>

#include "base/mutex.h"

namespace pano::grpc {

// One thread that runs tasks in the order of their coming, and some later. What belongs to calls of gRPC
// lives on it, so that nothing of it is locked. Thread-safe.
class TaskLoop {
 public:
  using Task = std::function<void()>;

  TaskLoop();
  ~TaskLoop() { Stop(); }
  TaskLoop(const TaskLoop&) = delete;
  TaskLoop& operator=(const TaskLoop&) = delete;

  // After Stop tasks are dropped.
  void Post(Task task);
  void PostAfter(std::chrono::milliseconds delay, Task task);
  // Runs what was posted without a delay until now, and ends. Not from its own thread.
  void Stop();

 private:
  using Time = std::chrono::steady_clock::time_point;
  void Run();

  Mutex mu_;
  CondVar changed_;
  std::deque<Task> tasks_ PANO_GUARDED_BY(mu_);
  std::multimap<Time, Task> delayed_ PANO_GUARDED_BY(mu_);
  bool stopping_ PANO_GUARDED_BY(mu_) = false;
  std::jthread thread_;  // last: it uses the others
};

}  // namespace pano::grpc
