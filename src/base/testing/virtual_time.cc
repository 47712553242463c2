#include "base/testing/virtual_time.h"

#include <thread>

#include "base/check.h"
#include "base/mutex.h"

namespace pano {

void RunInVirtualTime(ManualClock& clock, const std::vector<std::function<void()>>& bodies) {
  const int count = static_cast<int>(bodies.size());
  Mutex mu;
  CondVar changed;
  int ended = 0;
  bool leave = false;
  std::vector<std::jthread> threads;
  for (const auto& body : bodies) {
    threads.emplace_back([&] {
      body();
      // Who has ended waits on the clock too: then all waiting is all that can happen.
      MutexLock lock(mu);
      ++ended;
      while (!leave) clock.WaitUntil(changed, mu, TimePoint::max());
    });
  }
  while (true) {
    clock.AwaitWaiters(count);
    {
      MutexLock lock(mu);
      if (ended == count) {
        leave = true;
        clock.NotifyAll(changed);
        return;
      }
    }
    const auto next = clock.NextDeadline();
    PANO_CHECK(next.has_value());  // a deadlock of the bodies
    clock.Advance(*next - clock.Now());
  }
}

}  // namespace pano
