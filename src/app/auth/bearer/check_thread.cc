#include "app/auth/bearer/check_thread.h"

#include <utility>

#include "base/threads.h"

namespace pano::bearer {

CheckThread::~CheckThread() {
  std::jthread thread;
  {
    MutexLock lock(mu_);
    over_ = true;
    thread = std::move(thread_);
    changed_.NotifyAll();
  }
  if (thread.joinable()) thread.join();
}

bool CheckThread::Submit(std::function<void()> check) {
  MutexLock lock(mu_);
  if (over_ || waiting_.size() >= waiting_max_) return false;
  waiting_.push_back(std::move(check));
  if (!thread_.joinable()) thread_ = StartThread("token-checks", [this](const std::stop_token&) { Run(); });
  changed_.NotifyOne();
  return true;
}

void CheckThread::Run() {
  while (true) {
    std::function<void()> check;
    {
      MutexLock lock(mu_);
      while (waiting_.empty() && !over_) changed_.Wait(mu_);
      if (waiting_.empty()) return;
      check = std::move(waiting_.front());
      waiting_.pop_front();
    }
    check();
  }
}

}  // namespace pano::bearer
