#include "base/threads.h"

#include <pthread.h>
#include <sched.h>

#include <algorithm>

#include "base/check.h"
#include "base/process_limits.h"

namespace pano {
namespace {

// Long enough to bridge the gap between two kernels of one step, short enough not to burn a core
// that an idle server should leave to others: about 0.2 ms. A worker that sleeps when a job of some tens of
// microseconds begins comes too late for it.
constexpr int kSpins = 16000;

void Pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

}  // namespace

std::jthread StartThread(std::string name, std::function<void(std::stop_token)> body) {
  return std::jthread([name = std::move(name), body = std::move(body)](std::stop_token stop) {
    pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
    body(std::move(stop));
  });
}

int AvailableCores() {
  // sched_getaffinity knows no quota and fails on machines with more than 1024 processors, but needs no /proc.
  const ProcessLimits limits = ReadProcessLimits();
  if (limits.cpus_allowed > 0) return limits.threads();
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

ComputePool::ComputePool(int threads) {
  int count = threads > 0 ? threads : AvailableCores();
  for (int worker = 1; worker < count; ++worker) {
    workers_.push_back(StartThread("pano-compute", [this, worker](const std::stop_token& stop) {
      WorkerLoop(stop, worker);
    }));
  }
}

ComputePool::~ComputePool() {
  for (auto& worker : workers_) worker.request_stop();
  generation_.fetch_add(1);
  generation_.notify_all();
}

void ComputePool::ParallelFor(size_t count, size_t grain, const Body& body) {
  if (count == 0) return;
  PANO_CHECK(grain > 0);
  size_t grains = (count + grain - 1) / grain;
  std::lock_guard turn(turn_);
  if (workers_.empty() || grains == 1) {
    body(0, count, 0);
    return;
  }
  // Four parts a thread: small enough to even out a slow core, large enough to stay cheap.
  size_t parts = std::min(grains, static_cast<size_t>(threads()) * 4);
  body_ = &body;
  count_ = count;
  part_ = (grains + parts - 1) / parts * grain;
  next_.store(0, std::memory_order_relaxed);
  job_.store(kOpen, std::memory_order_release);
  generation_.fetch_add(1, std::memory_order_release);
  generation_.notify_all();
  RunParts(/*worker=*/0);
  job_.fetch_and(~kOpen, std::memory_order_acq_rel);
  for (int spin = 0; job_.load(std::memory_order_acquire) != 0;) {
    if (++spin < kSpins) {
      Pause();
    } else {
      std::this_thread::yield();
    }
  }
}

// Each thread begins with parts of its own, the same in every job of as many, whose data are then still in its
// core's cache, and goes on with what others have not come to. `next_` has a bit for each part that was taken,
// or, where parts are more than bits, where the next one begins.
void ComputePool::RunParts(int worker) {
  constexpr size_t kBits = 64;
  const size_t parts = (count_ + part_ - 1) / part_;
  if (parts > kBits) {
    while (true) {
      size_t begin = next_.fetch_add(part_, std::memory_order_relaxed);
      if (begin >= count_) return;
      (*body_)(begin, std::min(begin + part_, count_), worker);
    }
  }
  const size_t first = static_cast<size_t>(worker) * parts / static_cast<size_t>(threads());
  for (size_t i = 0; i < parts; ++i) {
    const size_t part = (first + i) % parts, bit = size_t{1} << part;
    if (next_.load(std::memory_order_relaxed) & bit) continue;
    if (next_.fetch_or(bit, std::memory_order_relaxed) & bit) continue;
    (*body_)(part * part_, std::min((part + 1) * part_, count_), worker);
  }
}

void ComputePool::WorkerLoop(const std::stop_token& stop, int worker) {
  uint32_t seen = 0;
  while (true) {
    for (int spin = 0; spin < kSpins && generation_.load(std::memory_order_acquire) == seen; ++spin) {
      Pause();
    }
    generation_.wait(seen, std::memory_order_acquire);
    if (stop.stop_requested()) return;
    seen = generation_.load(std::memory_order_acquire);
    uint32_t job = job_.load(std::memory_order_relaxed);
    while (job & kOpen) {
      if (!job_.compare_exchange_weak(job, job + 1, std::memory_order_acquire)) continue;
      RunParts(worker);
      job_.fetch_sub(1, std::memory_order_release);
      break;
    }
  }
}

}  // namespace pano
