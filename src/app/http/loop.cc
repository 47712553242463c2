#include "app/http/connection_internal.h"
#include "app/http/loop_internal.h"
#include "base/strings.h"
#include "base/threads.h"

namespace pano::http {

Loop::Loop() : work_(boost::asio::make_work_guard(io_)) {}

void Loop::Start(int index) {
  thread_ = StartThread(StrCat("http-", index), [this](const std::stop_token&) { io_.run(); });
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
