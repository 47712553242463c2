#include "app/grpc/task_loop.h"

#include <utility>

namespace pano::grpc {

TaskLoop::TaskLoop() : thread_([this] { Run(); }) {}

void TaskLoop::Post(Task task) {
  MutexLock lock(mu_);
  if (stopping_) return;
  tasks_.push_back(std::move(task));
  changed_.NotifyOne();
}

void TaskLoop::PostAfter(std::chrono::milliseconds delay, Task task) {
  MutexLock lock(mu_);
  if (stopping_) return;
  delayed_.emplace(std::chrono::steady_clock::now() + delay, std::move(task));
  changed_.NotifyOne();
}

void TaskLoop::Stop() {
  {
    MutexLock lock(mu_);
    stopping_ = true;
    changed_.NotifyOne();
  }
  if (thread_.joinable()) thread_.join();
  MutexLock lock(mu_);
  delayed_.clear();
}

void TaskLoop::Run() {
  while (true) {
    Task task;
    {
      MutexLock lock(mu_);
      while (tasks_.empty()) {
        if (stopping_) return;
        if (delayed_.empty()) {
          changed_.Wait(mu_);
          continue;
        }
        const auto first = delayed_.begin();
        if (first->first <= std::chrono::steady_clock::now()) {
          tasks_.push_back(std::move(first->second));
          delayed_.erase(first);
        } else {
          changed_.WaitUntil(mu_, first->first);
        }
      }
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    task();
  }
}

}  // namespace pano::grpc
