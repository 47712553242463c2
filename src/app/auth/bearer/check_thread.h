#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <thread>

#include "base/mutex.h"

namespace pano::bearer {

// A thread for checks of signatures that take too long for a connection's thread: whoever sends tokens with
// bad ones gets this much of the machine and no more. It begins with the first check. Thread-safe.
class CheckThread {
 public:
  explicit CheckThread(size_t waiting_max = 256) : waiting_max_(waiting_max) {}
  // Does what waits, then ends.
  ~CheckThread();

  // False where as many wait as may: then `check` is not called.
  bool Submit(std::function<void()> check);

 private:
  void Run();

  const size_t waiting_max_;
  Mutex mu_;
  CondVar changed_;
  std::deque<std::function<void()>> waiting_ PANO_GUARDED_BY(mu_);
  bool over_ PANO_GUARDED_BY(mu_) = false;
  std::jthread thread_ PANO_GUARDED_BY(mu_);
};

}  // namespace pano::bearer
