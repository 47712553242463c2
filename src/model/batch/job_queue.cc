#include "model/batch/job_queue.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace pano::batch {
namespace {

// How often time that a test moves by hand is looked at.
constexpr auto kManualPoll = std::chrono::milliseconds(1);

}  // namespace

void JobQueue::WakeLocked() {
  woken_ = true;
  changed_.NotifyAll();
}

void JobQueue::Enter(JobPtr job) {
  MutexLock lock(mu_);
  waiting_.push_back(std::move(job));
  WakeLocked();
}

void JobQueue::Wake() {
  MutexLock lock(mu_);
  WakeLocked();
}

void JobQueue::StartDraining() {
  MutexLock lock(mu_);
  signals_.draining = true;
  WakeLocked();
}

void JobQueue::CancelAll() {
  MutexLock lock(mu_);
  signals_.cancel_all = true;
  WakeLocked();
}

void JobQueue::Stop() {
  MutexLock lock(mu_);
  signals_.stop = true;
  WakeLocked();
}

JobQueue::Signals JobQueue::Look() {
  MutexLock lock(mu_);
  woken_ = false;
  return signals_;
}

std::vector<JobPtr> JobQueue::TakeOver(TimePoint now, bool all) {
  MutexLock lock(mu_);
  std::vector<JobPtr> over;
  auto is_over = [&](const JobPtr& job) {
    bool late = job->deadline() && *job->deadline() <= now;
    // A job that failed with an earlier unit is over by itself.
    return all || late || job->over() || job->prediction()->cancelled();
  };
  for (JobPtr& job : waiting_) {
    if (!is_over(job)) continue;
    over.push_back(std::move(job));
  }
  std::erase(waiting_, nullptr);
  return over;
}

std::optional<TimePoint> JobQueue::NextDeadline() const {
  MutexLock lock(mu_);
  std::optional<TimePoint> next;
  for (const JobPtr& job : waiting_) {
    if (job->deadline() && (!next || *job->deadline() < *next)) next = job->deadline();
  }
  return next;
}

JobQueue::View JobQueue::Oldest() const {
  MutexLock lock(mu_);
  View view;
  if (waiting_.empty()) return view;
  view.outputs = waiting_.front()->outputs();
  for (const JobPtr& job : waiting_) {
    if (job != waiting_.front() && !waiting_.front()->Matches(*job)) continue;
    for (size_t unit = job->next(); unit < job->units(); ++unit) {
      if (view.items.size() == kItemsMax) return view;
      view.items.push_back(job->Unit(unit));
    }
  }
  return view;
}

std::vector<Slice> JobQueue::TakeFirst(size_t count) {
  MutexLock lock(mu_);
  std::vector<Slice> slices;
  if (waiting_.empty()) return slices;
  const JobPtr oldest = waiting_.front();
  for (JobPtr& job : waiting_) {
    if (count == 0) break;
    if (job != oldest && !oldest->Matches(*job)) continue;
    size_t taken = std::min(count, job->units() - job->next());
    slices.push_back({job, job->next(), job->next() + taken});
    job->TakeUntil(job->next() + taken);
    count -= taken;
  }
  std::erase_if(waiting_, [](const JobPtr& job) { return job->all_taken(); });
  return slices;
}

void JobQueue::Wait(const Clock& clock, std::optional<TimePoint> until) {
  const bool manual = &clock != &Clock::Real();
  MutexLock lock(mu_);
  while (!woken_) {
    if (!until) {
      changed_.Wait(mu_);
      continue;
    }
    if (clock.Now() >= *until) return;
    changed_.WaitUntil(mu_, manual ? Clock::Real().Now() + kManualPoll : *until);
  }
}

}  // namespace pano::batch
