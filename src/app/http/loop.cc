#include <cstdio>

#include "app/http/connection_internal.h"
#include "app/http/loop_internal.h"
#include "base/strings.h"
#include "base/threads.h"

namespace pano::http {

Loop::Loop() : work_(boost::asio::make_work_guard(io_)) {}

void Loop::Start(int index) {
  thread_ = StartThread(StrCat("http-", index), [this](const std::stop_token&) { Run(); });
}

// Connections catch what their callbacks throw; what is left (out of memory in Asio itself) costs the
// operation that threw.
void Loop::Run() {
  while (true) {
    try {
      io_.run();
      return;
    } catch (...) {
      std::fputs("[http] out of memory: a callback was dropped\n", stderr);
    }
  }
}

void Loop::Stop(std::function<void()> last) {
  {
    MutexLock lock(mu_);  // nothing may slip in between: it would never be closed
    boost::asio::post(io_, std::move(last));
    stopped_ = true;
  }
  work_.reset();
  // Everything is closed by `last`, so what is left ends by itself: aborted reads, posted tasks.
  if (thread_.joinable()) thread_.join();
}

}  // namespace pano::http
