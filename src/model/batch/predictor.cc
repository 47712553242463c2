#include "model/batch/predictor.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>

#include "base/strings.h"
#include "base/threads.h"
#include "model/batch/batch_loop.h"
#include "model/batch/job_queue.h"
#include "model/serving/ledger.h"

namespace pano::batch {
namespace {

// Longer waits would overflow what is added to them.
constexpr Duration kWaitMax = std::chrono::hours(24 * 365);

class PredictorImpl final : public Predictor {
 public:
  PredictorImpl(std::unique_ptr<encoder::Encoder> encoder, const PredictorOptions& options,
                engine::Observer observer, std::unique_ptr<serving::BatchPolicy> policy, Clock& clock)
      : limits_(options.limits),
        observer_(std::move(observer)),
        clock_(clock),
        encoder_(std::move(encoder)),
        info_(encoder_->info()),
        policy_(std::move(policy)),
        wakeup_(std::make_shared<serving::Wakeup>()),
        queue_(*wakeup_),
        ledger_(clock, options.queue_max),
        loop_(*encoder_, *policy_, *wakeup_, queue_, ledger_, observer_, clock) {
    thread_ = StartThread("pano-predictor", [this](const std::stop_token&) { loop_.Run(); });
  }

  ~PredictorImpl() override { wakeup_->Stop(); }  // the thread's member destructor joins

  Result<std::shared_ptr<Prediction>> Submit(PredictRequest request) override {
    if (Status status = CheckRequest(info_, limits_, request); !status.ok()) return status;
    std::string id = request.id;
    if (id.empty()) id = StrCat("prediction-", next_id_.fetch_add(1, std::memory_order_relaxed));
    if (Status status = ledger_.Enter(id, request.tenant); !status.ok()) {
      if (status.code() == StatusCode::kExhausted) NoteRejection("queue_full");
      if (status.code() == StatusCode::kUnavailable) NoteRejection("draining");
      return status;
    }
    auto job = std::make_shared<Job>(std::move(id), std::move(request), clock_.Now());
    std::shared_ptr<Prediction> prediction = job->prediction();
    prediction->SetWake([wakeup = wakeup_] { wakeup->Notify(); });
    queue_.Enter(std::move(job));
    // When the reader's last pointer goes, so does the request.
    return std::shared_ptr<Prediction>(prediction.get(),
                                       [prediction](Prediction* reader) { reader->Cancel(); });
  }

  void Cancel(const std::string& request_id) override { queue_.Cancel(request_id); }

  bool Drain(Duration timeout) override {
    ledger_.StartDraining();
    wakeup_->StartDraining();
    return ledger_.Drain(timeout, [this] { wakeup_->CancelAll(); });
  }

  serving::Stats GetStats() const override { return ledger_.Get(); }
  std::vector<serving::TenantStats> GetTenantStats() const override { return ledger_.GetTenants(); }
  int64_t RetryAfterSeconds() const override { return ledger_.RetryAfterSeconds(); }
  const encoder::EncoderInfo& info() const override { return info_; }

 private:
  void NoteRejection(const char* reason) const {
    if (observer_.rejected) observer_.rejected(reason);
  }

  const RequestLimits limits_;
  const engine::Observer observer_;
  Clock& clock_;
  const std::unique_ptr<encoder::Encoder> encoder_;
  const encoder::EncoderInfo info_;
  const std::unique_ptr<serving::BatchPolicy> policy_;
  const std::shared_ptr<serving::Wakeup> wakeup_;
  JobQueue queue_;
  serving::Ledger ledger_;
  BatchLoop loop_;  // the thread's own
  std::atomic<uint64_t> next_id_{0};
  std::jthread thread_;
};

}  // namespace

Result<std::unique_ptr<Predictor>> Predictor::Create(std::unique_ptr<encoder::Encoder> encoder,
                                                     PredictorOptions options,
                                                     engine::Observer observer,
                                                     std::unique_ptr<serving::BatchPolicy> policy,
                                                     Clock& clock) {
  const serving::FixedBatchOptions& batch = options.batch;
  if (batch.rows_max < 1 || batch.tokens_max < 1 || options.queue_max < 1 ||
      batch.delay < Duration::zero()) {
    return InvalidArgument(
        "[batch] rows_max, tokens_max and queue_max must be at least 1, the delay "
        "not negative");
  }
  options.batch.delay = std::min(options.batch.delay, kWaitMax);
  if (!policy) policy = std::make_unique<serving::FixedBatchPolicy>(options.batch);
  return std::unique_ptr<Predictor>(new PredictorImpl(
      std::move(encoder), options, std::move(observer), std::move(policy), clock));
}

}  // namespace pano::batch
