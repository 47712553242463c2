#include "model/batch/job_queue.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"

namespace pano::batch {
namespace {

constexpr int64_t kBehindAll = Batching::kPriorityLevelsMax + 1;

}  // namespace

void JobQueue::SetBatching(const Batching& batching) {
  MutexLock lock(mu_);
  batching_ = batching;
}

Result<int64_t> JobQueue::TakePlace(int64_t priority) {
  MutexLock lock(mu_);
  const int64_t levels = batching_.priority_levels;
  if (priority < 0 || priority > levels) {
    return InvalidArgument(levels == 0 ? std::string("this model has no priority levels")
                                       : StrCat("'priority' is from 1, the most urgent, to ", levels))
        .WithField("priority");
  }
  const int64_t level = priority == 0 ? batching_.default_priority_level : priority;
  const int64_t size_max = batching_.PolicyOf(level).max_queue_size;
  int64_t& waiting = in_level_[level];
  if (size_max > 0 && waiting >= size_max) {
    return Status(StatusCode::kExhausted, StrCat("[batch] the queue is full: ", waiting, " requests wait",
                                                 level > 0 ? StrCat(" at priority ", level) : ""));
  }
  ++waiting;
  return level;
}

void JobQueue::GiveUpPlace(int64_t level) {
  MutexLock lock(mu_);
  Leave({.level = level});
}

void JobQueue::Leave(const Waiting& waiting) {
  auto it = in_level_.find(waiting.level);
  if (it != in_level_.end() && --it->second <= 0) in_level_.erase(it);
  if (waiting.job) share_.Leave(waiting.job->tenant());
}

void JobQueue::Insert(Waiting waiting) {
  auto behind = std::ranges::upper_bound(waiting_, waiting.rank, {}, &Waiting::rank);
  waiting_.insert(behind, std::move(waiting));
}

void JobQueue::Enter(JobPtr job, int64_t level, std::optional<Duration> timeout) {
  {
    MutexLock lock(mu_);
    const QueuePolicy& policy = batching_.PolicyOf(level);
    Duration limit = policy.default_timeout;
    if (policy.allow_timeout_override && timeout && (limit == Duration::zero() || *timeout < limit)) {
      limit = *timeout;
    }
    Waiting waiting{.level = level,
                    .entered = level,
                    .since = job->submitted(),
                    .rank = level,
                    .action = policy.timeout_action};
    if (limit > Duration::zero()) waiting.timeout = job->submitted() + limit;
    share_.Enter(job->tenant(), job->weight());
    waiting.job = std::move(job);
    Insert(std::move(waiting));
  }
  wakeup_.Notify();
}

void JobQueue::Cancel(const std::string& id) {
  std::shared_ptr<Prediction> prediction;
  {
    MutexLock lock(mu_);
    auto it = std::ranges::find_if(waiting_, [&](const Waiting& one) { return one.job->id() == id; });
    if (it == waiting_.end()) return;
    prediction = it->job->prediction();
  }
  prediction->Cancel();
}

std::vector<JobQueue::Over> JobQueue::TakeOver(TimePoint now, bool shutdown) {
  MutexLock lock(mu_);
  std::vector<Over> over;
  std::vector<Waiting> delayed;
  for (Waiting& one : waiting_) {
    std::optional<serving::EndReason> reason;
    bool queue_timeout = false;
    if (!one.job->over()) {
      serving::EndConditions conditions;
      conditions.cancelled = one.job->prediction()->cancelled();
      conditions.deadline = one.job->deadline();
      conditions.shutdown = shutdown;
      reason = serving::ReasonToEnd(conditions, now);
      const bool late = !reason && one.timeout && now >= *one.timeout && one.job->next() == 0;
      if (late && one.action == QueuePolicy::TimeoutAction::kDelay) {
        one.timeout.reset();
        one.rank = one.entered = kBehindAll;
        one.since = now;
        delayed.push_back(std::move(one));
        continue;
      }
      queue_timeout = late;
      if (late) reason = serving::EndReason::kDeadline;
      if (!reason) continue;
    }
    Leave(one);
    over.push_back({std::move(one.job), reason, queue_timeout});
  }
  std::erase_if(waiting_, [](const Waiting& one) { return !one.job; });
  for (Waiting& one : delayed) waiting_.push_back(std::move(one));  // none is of a higher rank
  Age(now);
  return over;
}

void JobQueue::Age(TimePoint now) {
  bool risen = false;
  for (Waiting& one : waiting_) {
    const int64_t first = std::min<int64_t>(one.level, 1);  // without levels all are 0
    const int64_t rank = std::max(first, one.entered - (now - one.since) / Batching::kAgingSpan);
    risen = risen || rank < one.rank;
    one.rank = std::min(one.rank, rank);
  }
  if (!risen) return;
  std::ranges::stable_sort(waiting_, {}, [](const Waiting& one) { return std::pair(one.rank, one.job->submitted()); });
}

std::optional<TimePoint> JobQueue::NextDeadline() const {
  MutexLock lock(mu_);
  std::optional<TimePoint> next;
  const auto consider = [&next](const std::optional<TimePoint>& time) {
    if (time && (!next || *time < *next)) next = time;
  };
  for (const Waiting& one : waiting_) {
    consider(one.job->deadline());
    if (one.job->next() == 0) consider(one.timeout);
  }
  return next;
}

// Each rank's stretch in the tenants' fair order.
void JobQueue::Order() {
  if (share_.active() < 2) return;
  std::deque<Waiting> ordered;
  for (size_t begin = 0, end = 0; begin < waiting_.size(); begin = end) {
    std::vector<serving::ShareItem> items;
    for (; end < waiting_.size() && waiting_[end].rank == waiting_[begin].rank; ++end) {
      const Job& job = *waiting_[end].job;
      items.push_back({.tenant = &share_.at(job.tenant()),
                       .cost = static_cast<double>(job.Unit(job.next()).tokens),
                       .arrived = job.submitted()});
    }
    for (const size_t i : serving::FairOrder(items)) ordered.push_back(std::move(waiting_[begin + i]));
  }
  waiting_ = std::move(ordered);
}

JobQueue::View JobQueue::Oldest() {
  MutexLock lock(mu_);
  View view;
  if (waiting_.empty()) return view;
  Order();
  const JobPtr& first = waiting_.front().job;
  view.outputs = first->outputs();
  for (const Waiting& one : waiting_) {
    if (one.job != first && !first->Matches(*one.job)) continue;
    for (size_t unit = one.job->next(); unit < one.job->units(); ++unit) {
      if (view.items.size() == kItemsMax) return view;
      view.items.push_back(one.job->Unit(unit));
    }
  }
  return view;
}

std::vector<Slice> JobQueue::TakeFirst(size_t count) {
  MutexLock lock(mu_);
  std::vector<Slice> slices;
  if (waiting_.empty()) return slices;
  const JobPtr first = waiting_.front().job;
  for (Waiting& one : waiting_) {
    if (count == 0) break;
    if (one.job != first && !first->Matches(*one.job)) continue;
    size_t taken = std::min(count, one.job->units() - one.job->next());
    slices.push_back({one.job, one.job->next(), one.job->next() + taken});
    for (size_t unit = one.job->next(); unit < one.job->next() + taken; ++unit) {
      share_.Charge(one.job->tenant(), {.input = one.job->Unit(unit).tokens});
    }
    one.job->TakeUntil(one.job->next() + taken);
    count -= taken;
    if (one.job->all_taken()) Leave(one);
  }
  std::erase_if(waiting_, [](const Waiting& one) { return one.job->all_taken(); });
  return slices;
}

}  // namespace pano::batch
