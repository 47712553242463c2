#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "app/hub/blob_job.h"
#include "app/hub/hub_client.h"
#include "app/hub/hub_settings.h"
#include "app/hub/repo_cache.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/retry.h"
#include "base/thread_annotations.h"

namespace pano::hub {

// How far a transfer is. A value.
struct TransferState {
  uint64_t bytes_total = 0;
  uint64_t bytes_done = 0;     // what was there at the start included
  uint64_t bytes_fetched = 0;  // over the network, so far
  size_t blobs_total = 0, blobs_done = 0;
  size_t blobs_elsewhere = 0;  // that another pull is fetching
};

struct TransferOptions {
  int connections = 8;
  uint64_t segment_bytes = 16u << 20;
  RetryOptions retry;
  ClientOptions client;
  Duration progress_interval = std::chrono::milliseconds(100);
  // Both are called by the thread in Run or by its workers, one call at a time.
  std::function<void(const TransferState&)> on_progress;
  std::function<void(const Status& failure, Duration delay)> on_retry;
};

// Brings blobs into a repository's cache over several connections, each of which takes the next segment
// of the first blob that has one. Blobs that another process is fetching are waited for, so that two
// pulls of one model share the work. The first failure ends it; what is there stays for the next pull.
// Confined to one thread.
class BlobTransfer {
 public:
  BlobTransfer(const RepoCache& cache, const HubSettings& settings, const TransferOptions& options,
               std::vector<BlobSpec> blobs);

  Status Run(const std::stop_token& stop);
  TransferState State() const;

 private:
  enum class Phase { kWaiting, kOpening, kActive, kDone };
  struct Entry {
    std::unique_ptr<BlobJob> job;
    Phase phase = Phase::kWaiting;
    TimePoint next_try{};  // of a blob that another process had
    bool elsewhere = false;
  };
  // What a worker does next: begin an entry, fetch a segment of it, or end it.
  struct Task {
    enum class Kind { kNone, kBegin, kFetch } kind = Kind::kNone;
    size_t entry = 0, segment = 0;
  };

  void Work(HubClient& client);
  Task NextTask() PANO_REQUIRES(mu_);
  Status DoBegin(size_t entry);
  Status DoFetch(size_t entry, size_t segment, HubClient& client);
  Status DoFinish(size_t entry);
  void SetPhase(size_t entry, Phase phase);
  void Fail(Status status);

  const RepoCache cache_;
  const HubSettings settings_;
  const TransferOptions options_;
  std::stop_source stop_;                       // this transfer's own: the caller's, or a failure
  std::atomic<uint64_t> bytes_fetched_{0};

  mutable Mutex mu_;
  CondVar changed_;
  std::vector<Entry> entries_ PANO_GUARDED_BY(mu_);
  size_t done_ PANO_GUARDED_BY(mu_) = 0;
  Status failure_ PANO_GUARDED_BY(mu_);
  Mutex callback_mu_;
};

}  // namespace pano::hub
