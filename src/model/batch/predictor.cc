#include "model/batch/predictor.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>

#include "base/strings.h"
#include "base/threads.h"
#include "model/batch/batch_loop.h"
#include "model/batch/dynamic_batch_policy.h"
#include "model/batch/job_queue.h"
#include "model/serving/core.h"
#include "model/serving/queue_room.h"

namespace pano::batch {
namespace {

class PredictorImpl final : public Predictor, public serving::QueueRoom {
 public:
  PredictorImpl(std::unique_ptr<encoder::Encoder> encoder, const PredictorOptions& options,
                const serving::Observer& observer, std::unique_ptr<serving::BatchPolicy> policy,
                DynamicBatchPolicy* batching, Clock& clock)
      : limits_(options.limits),
        queue_max_(options.queue_max),
        encoder_(std::move(encoder)),
        info_(encoder_->info()),
        batching_(batching),
        core_(clock, options.queue_max, observer, std::move(policy)),
        queue_(core_.wakeup()),
        loop_(*encoder_, core_, queue_) {
    thread_ = StartThread("pano-predictor", [this](const std::stop_token&) { loop_.Run(); });
  }

  ~PredictorImpl() override { core_.wakeup().Stop(); }  // the thread's member destructor joins

  Result<std::shared_ptr<Prediction>> Submit(PredictRequest request) override {
    if (Status status = CheckRequest(info_, limits_, request); !status.ok()) return status;
    std::string id = request.id;
    if (id.empty()) id = StrCat("prediction-", next_id_.fetch_add(1, std::memory_order_relaxed));
    Result<int64_t> level = queue_.TakePlace(request.priority);
    if (!level.ok()) {
      if (level.error().code() == StatusCode::kExhausted) {
        core_.CountRejection(serving::RejectionReason::kQueueFull);
      }
      return level.error();
    }
    const std::optional<Duration> queue_timeout = request.queue_timeout;
    auto job = std::make_shared<Job>(std::move(id), std::move(request), core_.clock().Now());
    if (Status entered = core_.Enter(job->id(), job->tenant(), job->deadline(), job->tokens()); !entered.ok()) {
      queue_.GiveUpPlace(*level);
      return entered;
    }
    std::shared_ptr<Prediction> prediction = job->prediction();
    prediction->SetWake([wakeup = core_.shared_wakeup()] { wakeup->Notify(); });
    queue_.Enter(std::move(job), *level, queue_timeout);
    // When the reader's last pointer goes, so does the request.
    return std::shared_ptr<Prediction>(prediction.get(),
                                       [prediction](Prediction* reader) { reader->Cancel(); });
  }

  Status CheckRoom() override {
    const int64_t waiting = core_.ledger().Get().waiting_requests;
    if (waiting < queue_max_) return {};
    core_.CountRejection(serving::RejectionReason::kQueueFull);
    return serving::QueueIsFull(waiting);
  }

  void Cancel(const std::string& request_id) override { queue_.Cancel(request_id); }

  bool Drain(Duration timeout) override { return core_.Drain(timeout); }

  serving::Stats GetStats() const override { return core_.ledger().Get(); }
  std::vector<serving::TenantStats> GetTenantStats() const override {
    return core_.ledger().GetTenants();
  }
  int64_t RetryAfterSeconds() const override { return core_.ledger().RetryAfterSeconds(); }
  const encoder::EncoderInfo& info() const override { return info_; }
  void SetBatching(const Batching& batching) override {
    if (!batching_) return;
    batching_->Set(batching);
    queue_.SetBatching(batching);
    core_.wakeup().Notify();
  }

 private:
  // Constant after construction.
  const RequestLimits limits_;
  const int64_t queue_max_;
  const std::unique_ptr<encoder::Encoder> encoder_;  // the loop's
  const encoder::EncoderInfo info_;
  DynamicBatchPolicy* const batching_;  // the core's; null: its policy is another

  serving::Core core_;
  JobQueue queue_;
  BatchLoop loop_;
  std::atomic<uint64_t> next_id_{0};
  std::jthread thread_;  // last: gone before what it uses
};

}  // namespace

Result<std::unique_ptr<Predictor>> Predictor::Create(std::unique_ptr<encoder::Encoder> encoder,
                                                     PredictorOptions options,
                                                     const serving::Observer& observer,
                                                     std::unique_ptr<serving::BatchPolicy> policy,
                                                     Clock& clock) {
  const serving::FixedBatchOptions& batch = options.batch;
  if (batch.rows_max < 1 || batch.tokens_max < 1 || options.queue_max < 1 ||
      batch.delay < Duration::zero()) {
    return InvalidArgument(
        "[batch] rows_max, tokens_max and queue_max must be at least 1, the delay "
        "not negative");
  }
  DynamicBatchPolicy* batching = nullptr;
  if (!policy) {
    auto dynamic = std::make_unique<DynamicBatchPolicy>(
        Batching{.max_batch_size = batch.rows_max,
                 .tokens_max = batch.tokens_max,
                 .max_queue_delay = std::min(batch.delay, serving::kWaitMax)});
    batching = dynamic.get();
    policy = std::move(dynamic);
  }
  return std::unique_ptr<Predictor>(new PredictorImpl(
      std::move(encoder), options, observer, std::move(policy), batching, clock));
}

}  // namespace pano::batch
