#include "data/version/remote/parallel.h"

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "base/strings.h"
#include "base/thread_annotations.h"
#include "base/threads.h"

namespace pano::remote {
namespace {

// What went wrong in several threads. Thread-safe.
class Failures {
 public:
  void Add(Status failure) {
    MutexLock lock(mu_);
    if (count_++ == 0) first_ = failure;
    if (texts_.size() < 8) texts_.push_back(failure.message());
  }
  int count() const {
    MutexLock lock(mu_);
    return count_;
  }
  Status AsOne() const {
    MutexLock lock(mu_);
    if (count_ <= 1) return first_;
    std::string text;
    for (const std::string& one : texts_)
      text += StrCat(text.empty() ? "" : "; ", one.substr(0, 400));
    const int more = count_ - static_cast<int>(texts_.size());
    if (more > 0) text += StrCat("; and ", more, " more");
    return Status(first_.code(), text).WithReason(first_.reason());
  }

 private:
  mutable Mutex mu_;
  int count_ PANO_GUARDED_BY(mu_) = 0;
  Status first_ PANO_GUARDED_BY(mu_);
  std::vector<std::string> texts_ PANO_GUARDED_BY(mu_);
};

}  // namespace

Status ForEachInParallel(size_t count, int jobs, int failures_max, const std::stop_token& stop,
                         const std::function<Status(size_t index)>& body) {
  std::atomic<size_t> next{0};
  Failures failures;
  const auto work = [&] {
    while (!stop.stop_requested() && failures.count() < failures_max) {
      const size_t index = next.fetch_add(1);
      if (index >= count) return;
      Status status = body(index);
      if (!status.ok() && status.code() != StatusCode::kCancelled) failures.Add(std::move(status));
    }
  };
  {
    std::vector<std::jthread> threads;
    const size_t helpers = std::min<size_t>(static_cast<size_t>(std::max(jobs, 1)), count);
    for (size_t i = 1; i < helpers; ++i) {
      threads.push_back(StartThread("transfer", [&work](const std::stop_token&) { work(); }));
    }
    work();
  }
  if (failures.count() > 0) return failures.AsOne();
  if (stop.stop_requested()) return Status(StatusCode::kCancelled, "interrupted");
  return {};
}

}  // namespace pano::remote
