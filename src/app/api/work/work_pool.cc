#include "app/api/work/work_pool.h"

#include <cstdint>
#include <cstdio>
#include <deque>
#include <exception>
#include <utility>

#include "base/log.h"
#include "base/strings.h"
#include "base/threads.h"

namespace pano::api {
namespace {

// Tasks answer for their own failures; this is for what they forget, and for want of memory.
void RunCaught(const std::function<void()>& task) noexcept {
  try {
    try {
      task();
    } catch (const std::exception& thrown) {
      LogError("[api] a task threw ", thrown.what());
    }
  } catch (...) {
    std::fputs("[api] a task threw, and memory is out\n", stderr);
  }
}

}  // namespace

// The tasks that wait, and what the threads do with them. Thread-safe.
class WorkPool::Queue {
 public:
  explicit Queue(const Options& options) : options_(options) {}

  bool Push(size_t bytes, std::function<void()> task, bool admitted);
  size_t waiting() const;
  // Runs tasks until Stop.
  void Work();
  // Drops what has not begun, and what still comes.
  void Stop();

 private:
  struct Task {
    uint64_t number;
    std::function<void()> run;
  };
  // The queue whose front may run now; null for none.
  std::deque<Task>* Next() PANO_REQUIRES(mu_);

  const Options options_;
  mutable Mutex mu_;
  CondVar changed_;
  std::deque<Task> small_ PANO_GUARDED_BY(mu_);
  std::deque<Task> large_ PANO_GUARDED_BY(mu_);
  int large_running_ PANO_GUARDED_BY(mu_) = 0;
  uint64_t pushed_ PANO_GUARDED_BY(mu_) = 0;
  bool stopping_ PANO_GUARDED_BY(mu_) = false;
};

bool WorkPool::Queue::Push(size_t bytes, std::function<void()> task, bool admitted) {
  {
    MutexLock lock(mu_);
    if (stopping_) return false;
    if (options_.threads > 0) {
      if (!admitted && small_.size() + large_.size() >= options_.tasks_max) return false;
      (bytes >= kLargeBytes ? large_ : small_).push_back({pushed_++, std::move(task)});
    }
  }
  if (options_.threads == 0) {
    RunCaught(task);
  } else {
    changed_.NotifyOne();
  }
  return true;
}

size_t WorkPool::Queue::waiting() const {
  MutexLock lock(mu_);
  return small_.size() + large_.size();
}

void WorkPool::Queue::Stop() {
  std::deque<Task> small, large;   // dropped without the lock: they may hold anything
  {
    MutexLock lock(mu_);
    stopping_ = true;
    small.swap(small_);
    large.swap(large_);
  }
  changed_.NotifyAll();
}

std::deque<WorkPool::Queue::Task>* WorkPool::Queue::Next() {
  const bool room = large_running_ + 1 < options_.threads || options_.threads == 1;
  const bool large = room && !large_.empty();
  if (small_.empty()) return large ? &large_ : nullptr;
  return large && large_.front().number < small_.front().number ? &large_ : &small_;
}

void WorkPool::Queue::Work() {
  while (true) {
    std::function<void()> task;
    bool is_large = false;
    {
      MutexLock lock(mu_);
      std::deque<Task>* queue = Next();
      while (queue == nullptr && !stopping_) {
        changed_.Wait(mu_);
        queue = Next();
      }
      if (stopping_) return;
      is_large = queue == &large_;
      large_running_ += is_large;
      task = std::move(queue->front().run);
      queue->pop_front();
    }
    RunCaught(task);
    task = nullptr;
    if (!is_large) continue;
    {
      MutexLock lock(mu_);
      --large_running_;
    }
    changed_.NotifyOne();   // a large one may wait for this
  }
}

WorkPool::WorkPool(Options options) : queue_(std::make_shared<Queue>(options)) {
  for (int i = 0; i < options.threads; ++i) {
    threads_.push_back(StartThread(
        StrCat("work-", i), [queue = queue_](const std::stop_token&) { queue->Work(); }));
  }
}

WorkPool::~WorkPool() {
  queue_->Stop();
  threads_.clear();
}

bool WorkPool::Submit(size_t bytes, std::function<void()> task) {
  return queue_->Push(bytes, std::move(task), /*admitted=*/false);
}

void WorkPool::SubmitAdmitted(size_t bytes, std::function<void()> task) {
  queue_->Push(bytes, std::move(task), /*admitted=*/true);
}

size_t WorkPool::waiting() const { return queue_->waiting(); }

// One task of the pool. Dropped without having run it takes the strand's tasks along: they may hold the
// strand, and nobody else would let go of them.
class Strand::Turn {
 public:
  explicit Turn(std::shared_ptr<Strand> strand) : strand_(std::move(strand)) {}
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn() {
    if (strand_) strand_->End();
  }
  void Run() { std::exchange(strand_, nullptr)->RunAll(); }

 private:
  std::shared_ptr<Strand> strand_;
};

void Strand::Post(std::function<void()> task) {
  {
    MutexLock lock(mu_);
    if (ended_) return;
    tasks_.push_back(std::move(task));
    if (std::exchange(running_, true)) return;
  }
  queue_->Push(bytes_, [turn = std::make_shared<Turn>(shared_from_this())] { turn->Run(); },
               /*admitted=*/true);
}

void Strand::End() {
  std::deque<std::function<void()>> dropped;  // without the lock: they may hold anything
  MutexLock lock(mu_);
  ended_ = true;
  dropped.swap(tasks_);
}

void Strand::RunAll() {
  while (true) {
    std::function<void()> task;
    {
      MutexLock lock(mu_);
      if (tasks_.empty()) {
        running_ = false;
        return;
      }
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    RunCaught(task);
  }
}

}  // namespace pano::api
