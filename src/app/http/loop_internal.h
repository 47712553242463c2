#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <functional>
#include <memory>
#include <new>
#include <thread>
#include <unordered_set>
#include <utility>

#include "base/mutex.h"

namespace pano::http {

class Connection;

// One thread that runs the callbacks of its connections. A connection stays on its loop, so it
// needs no lock. Thread-safe where it says so, else confined to the loop's own thread.
class Loop : public std::enable_shared_from_this<Loop> {
 public:
  Loop();

  void Start(int index);
  // Runs what was posted, then `last`, which closes all that is open, then ends the thread. What is
  // posted later is dropped. Called once, from another thread.
  void Stop(std::function<void()> last);

  // Runs `task` on the loop; false when the loop has stopped, or memory is out, and the task was
  // dropped. Thread-safe.
  template <typename Task>
  bool Post(Task task) {
    MutexLock lock(mu_);
    if (stopped_) return false;
    try {
      boost::asio::post(io_, std::move(task));
    } catch (const std::bad_alloc&) {
      return false;
    }
    return true;
  }

  // Whether the caller is this loop's own thread. Thread-safe.
  bool IsCurrent() { return io_.get_executor().running_in_this_thread(); }

  boost::asio::io_context& io() { return io_; }

  // Those that are open. Confined.
  std::unordered_set<std::shared_ptr<Connection>> connections;

 private:
  void Run();

  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::jthread thread_;
  Mutex mu_;
  bool stopped_ PANO_GUARDED_BY(mu_) = false;
};

}  // namespace pano::http
