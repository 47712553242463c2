#include "model/batch/job_queue.h"

#include <algorithm>
#include <utility>

namespace pano::batch {

void JobQueue::Enter(JobPtr job) {
  {
    MutexLock lock(mu_);
    waiting_.push_back(std::move(job));
  }
  wakeup_.Notify();
}

void JobQueue::Cancel(const std::string& id) {
  std::shared_ptr<Prediction> prediction;
  {
    MutexLock lock(mu_);
    auto it = std::ranges::find_if(waiting_, [&](const JobPtr& job) { return job->id() == id; });
    if (it == waiting_.end()) return;
    prediction = (*it)->prediction();
  }
  prediction->Cancel();
}

std::vector<JobQueue::Over> JobQueue::TakeOver(TimePoint now, bool shutdown) {
  MutexLock lock(mu_);
  std::vector<Over> over;
  for (JobPtr& job : waiting_) {
    std::optional<serving::EndReason> reason;
    if (!job->over()) {
      serving::EndConditions conditions;
      conditions.cancelled = job->prediction()->cancelled();
      conditions.deadline = job->deadline();
      conditions.shutdown = shutdown;
      reason = serving::ReasonToEnd(conditions, now);
      if (!reason) continue;
    }
    over.push_back({std::move(job), reason});
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

}  // namespace pano::batch
