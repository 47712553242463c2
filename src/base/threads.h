#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace pano {

// Starts a thread that shows as `name` (at most 15 characters) in debuggers and `top`.
std::jthread StartThread(std::string name, std::function<void(std::stop_token)> body);

// Cores that this process may use.
int AvailableCores();

// The threads that compute: the caller and `threads - 1` workers, which spin briefly and then
// sleep. One ParallelFor runs at a time; callers from several threads take turns, which is how
// several engines share one pool. Thread-safe.
class ComputePool {
 public:
  // threads <= 0 means AvailableCores().
  explicit ComputePool(int threads = 0);
  ~ComputePool();
  ComputePool(const ComputePool&) = delete;
  ComputePool& operator=(const ComputePool&) = delete;

  int threads() const { return static_cast<int>(workers_.size()) + 1; }

  // Calls body(begin, end, worker) over parts of [0, count) whose sizes are multiples of `grain`
  // (the last excepted), worker in [0, threads()). Returns when all is done. What a body writes
  // for one index must not depend on the part it came in: that keeps results independent of the
  // number of threads. `body` must not call ParallelFor and must not throw.
  using Body = std::function<void(size_t begin, size_t end, int worker)>;
  void ParallelFor(size_t count, size_t grain, const Body& body);

 private:
  void WorkerLoop(const std::stop_token& stop, int worker);
  void RunParts(int worker);

  std::mutex turn_;  // held for one ParallelFor

  // The job of the current turn: written by the caller before it opens `job_`.
  const Body* body_ = nullptr;
  size_t count_ = 0;
  size_t part_ = 1;
  std::atomic<size_t> next_{0};
  // kOpen while workers may join, plus how many have: the caller waits for those alone. A worker
  // that another process keeps from its core costs nothing but its help.
  static constexpr uint32_t kOpen = 1u << 31;
  std::atomic<uint32_t> job_{0};
  std::atomic<uint32_t> generation_{0};   // moves with each job: what sleeping workers wait on
  std::vector<std::jthread> workers_;
};

}  // namespace pano
