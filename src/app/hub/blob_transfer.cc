#include "app/hub/blob_transfer.h"

#include <algorithm>
#include <set>
#include <thread>
#include <utility>

#include "app/hub/segment_fetch.h"
#include "base/threads.h"

namespace pano::hub {
namespace {

// How often a blob that another process fetches is looked at.
constexpr Duration kLockPoll = std::chrono::milliseconds(200);

}  // namespace

BlobTransfer::BlobTransfer(const RepoCache& cache, const HubSettings& settings,
                           const TransferOptions& options, std::vector<BlobSpec> blobs)
    : cache_(cache), settings_(settings), options_(options) {
  std::set<std::string> seen;  // two files of one content are one blob
  for (BlobSpec& blob : blobs) {
    if (!seen.insert(blob.etag).second) continue;
    Entry entry;
    entry.job = std::make_unique<BlobJob>(cache_, std::move(blob), options_.segment_bytes);
    entries_.push_back(std::move(entry));
  }
}

Status BlobTransfer::Run(const std::stop_token& stop) {
  const std::stop_callback forward(stop, [this] {
    stop_.request_stop();
    changed_.NotifyAll();
  });
  {
    std::vector<std::jthread> workers;
    size_t count = 0;
    {
      MutexLock lock(mu_);
      count = entries_.size();
    }
    // One blob can keep all connections busy, a thousand small ones too.
    const int threads = count == 0 ? 0 : std::max(1, options_.connections);
    for (int i = 0; i < threads; ++i) {
      workers.push_back(StartThread("pano-pull", [this](const std::stop_token&) {
        HubClient client(settings_, options_.client);
        Work(client);
      }));
    }
    while (true) {
      {
        MutexLock lock(mu_);
        if (done_ == entries_.size() || !failure_.ok() || stop_.stop_requested()) break;
        changed_.WaitUntil(mu_, Clock::Real().Now() + options_.progress_interval);
      }
      if (options_.on_progress) {
        MutexLock lock(callback_mu_);
        options_.on_progress(State());
      }
    }
  }  // joins
  if (options_.on_progress) options_.on_progress(State());
  MutexLock lock(mu_);
  if (!failure_.ok()) return failure_;
  if (done_ < entries_.size()) return Status(StatusCode::kCancelled, "interrupted");
  return {};
}

TransferState BlobTransfer::State() const {
  TransferState state;
  state.bytes_fetched = bytes_fetched_.load();
  MutexLock lock(mu_);
  state.blobs_total = entries_.size();
  state.blobs_done = done_;
  for (const Entry& entry : entries_) {
    state.bytes_total += entry.job->spec().size;
    state.bytes_done += entry.job->bytes_done();
    if (entry.elsewhere) ++state.blobs_elsewhere;
  }
  return state;
}

BlobTransfer::Task BlobTransfer::NextTask() {
  const TimePoint now = Clock::Real().Now();
  for (size_t i = 0; i < entries_.size(); ++i) {
    Entry& entry = entries_[i];
    if (entry.phase == Phase::kWaiting && now >= entry.next_try) {
      entry.phase = Phase::kOpening;
      return {Task::Kind::kBegin, i, 0};
    }
    if (entry.phase != Phase::kActive) continue;
    if (const std::optional<size_t> segment = entry.job->Take()) {
      return {Task::Kind::kFetch, i, *segment};
    }
  }
  return {};
}

void BlobTransfer::Work(HubClient& client) {
  while (true) {
    Task task;
    {
      MutexLock lock(mu_);
      if (done_ == entries_.size() || !failure_.ok() || stop_.stop_requested()) return;
      task = NextTask();
      if (task.kind == Task::Kind::kNone) {
        changed_.WaitUntil(mu_, Clock::Real().Now() + kLockPoll);
        continue;
      }
    }
    Status status = task.kind == Task::Kind::kBegin ? DoBegin(task.entry)
                                                    : DoFetch(task.entry, task.segment, client);
    if (!status.ok()) return Fail(std::move(status));
  }
}

Status BlobTransfer::DoBegin(size_t index) {
  BlobJob* job = nullptr;
  {
    MutexLock lock(mu_);
    job = entries_[index].job.get();
  }
  PANO_ASSIGN_OR_RETURN(const BlobJob::Begun begun, job->Begin());
  if (begun == BlobJob::Begun::kLocked) {
    MutexLock lock(mu_);
    entries_[index].next_try = Clock::Real().Now() + kLockPoll;
    entries_[index].phase = Phase::kWaiting;
    entries_[index].elsewhere = true;
    return {};
  }
  if (begun == BlobJob::Begun::kHave) {
    SetPhase(index, Phase::kDone);
    return {};
  }
  if (job->AllComplete()) return DoFinish(index);
  SetPhase(index, Phase::kActive);
  return {};
}

Status BlobTransfer::DoFetch(size_t index, size_t segment, HubClient& client) {
  BlobJob* job = nullptr;
  {
    MutexLock lock(mu_);
    job = entries_[index].job.get();
  }
  FetchContext context{.retry = options_.retry,
                       .clock = Clock::Real(),
                       .stop = stop_.get_token(),
                       .on_ranges_known = [this] { changed_.NotifyAll(); },
                       .on_retry = [this](const Status& failure, Duration delay) {
                         if (!options_.on_retry) return;
                         MutexLock lock(callback_mu_);
                         options_.on_retry(failure, delay);
                       },
                       .bytes_fetched = &bytes_fetched_};
  PANO_RETURN_IF_ERROR(FetchSegment(*job, segment, client, context));
  job->MarkComplete(segment);
  PANO_RETURN_IF_ERROR(job->FollowHash());
  const bool last = job->GiveBack();
  if (last) return DoFinish(index);
  changed_.NotifyAll();
  return {};
}

Status BlobTransfer::DoFinish(size_t index) {
  BlobJob* job = nullptr;
  {
    MutexLock lock(mu_);
    job = entries_[index].job.get();
  }
  PANO_ASSIGN_OR_RETURN(const BlobJob::Finished finished, job->Finish());
  SetPhase(index, finished == BlobJob::Finished::kDone ? Phase::kDone : Phase::kActive);
  return {};
}

void BlobTransfer::SetPhase(size_t index, Phase phase) {
  MutexLock lock(mu_);
  entries_[index].phase = phase;
  entries_[index].elsewhere = false;
  if (phase == Phase::kDone) ++done_;
  changed_.NotifyAll();
}

void BlobTransfer::Fail(Status status) {
  MutexLock lock(mu_);
  // What the stop itself caused is not the reason for it.
  if (failure_.ok() && !stop_.stop_requested()) failure_ = std::move(status);
  stop_.request_stop();
  changed_.NotifyAll();
}

}  // namespace pano::hub
