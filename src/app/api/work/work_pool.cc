#include "app/api/work/work_pool.h"

#include <cstdio>
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

WorkPool::WorkPool(Options options) : options_(options) {
  for (int i = 0; i < options_.threads; ++i) {
    threads_.push_back(
        StartThread(StrCat("work-", i), [this](const std::stop_token&) { Work(); }));
  }
}

WorkPool::~WorkPool() {
  std::deque<Task> small, large;   // dropped without the lock: they may hold anything
  {
    MutexLock lock(mu_);
    stopping_ = true;
    small.swap(small_);
    large.swap(large_);
  }
  changed_.NotifyAll();
  small.clear();
  large.clear();
  threads_.clear();
}

bool WorkPool::Push(size_t bytes, std::function<void()> task, bool admitted) {
  if (options_.threads == 0) {
    RunCaught(task);
    return true;
  }
  {
    MutexLock lock(mu_);
    if (stopping_) return false;
    if (!admitted && small_.size() + large_.size() >= options_.tasks_max) return false;
    (bytes >= kLargeBytes ? large_ : small_).push_back({pushed_++, std::move(task)});
  }
  changed_.NotifyOne();
  return true;
}

size_t WorkPool::waiting() const {
  MutexLock lock(mu_);
  return small_.size() + large_.size();
}

std::deque<WorkPool::Task>* WorkPool::Next() {
  const bool room = large_running_ + 1 < options_.threads || options_.threads == 1;
  const bool large = room && !large_.empty();
  if (small_.empty()) return large ? &large_ : nullptr;
  return large && large_.front().number < small_.front().number ? &large_ : &small_;
}

void WorkPool::Work() {
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
  pool_.SubmitAdmitted(bytes_, [turn = std::make_shared<Turn>(shared_from_this())] { turn->Run(); });
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
