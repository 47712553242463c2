#pragma once

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "model/batch/job.h"
#include "model/batch/predictor.h"
#include "model/batch/testing/fake_encoder.h"

namespace pano::models::testing {

// A predictor that computes at once with a fake encoder, or, when `hold`, once a test says so.
// Thread-compatible.
class FakePredictor final : public batch::Predictor {
 public:
  explicit FakePredictor(std::unique_ptr<batch::testing::FakeEncoder> encoder)
      : encoder_(std::move(encoder)) {}

  Result<std::shared_ptr<batch::Prediction>> Submit(batch::PredictRequest request) override {
    PANO_RETURN_IF_ERROR(batch::CheckRequest(info(), {}, request));
    if (!refusal.ok()) return refusal;
    deadlines.push_back(request.deadline);
    priority = request.priority;
    queue_timeout = request.queue_timeout;
    auto job = std::make_shared<batch::Job>("job", std::move(request), TimePoint());
    jobs_.push_back(job);
    if (!hold) Compute();
    return job->prediction();
  }
  void Compute() {
    for (const auto& job : std::exchange(jobs_, {})) {
      encoder::EncoderBatch batch;
      for (size_t unit = 0; unit < job->units(); ++unit) job->MoveInputs(unit, batch);
      Result<std::vector<encoder::Output>> outputs = encoder_->Encode(batch);
      if (outputs.ok()) {
        for (size_t unit = 0; unit < job->units(); ++unit) {
          if (!job->TakeOutputs(unit, unit, *outputs).ok()) return;
        }
      }
      job->Finish(TimePoint(), outputs.error());
    }
  }
  void FailAll(const Status& status) {
    for (const auto& job : std::exchange(jobs_, {})) job->Finish(TimePoint(), status);
  }
  bool cancelled(size_t at) const { return jobs_[at]->prediction()->cancelled(); }

  void Cancel(const std::string&) override {}
  bool Drain(Duration) override { return true; }
  serving::Stats GetStats() const override { return stats; }
  std::vector<serving::TenantStats> GetTenantStats() const override { return {}; }
  int64_t RetryAfterSeconds() const override { return 9; }
  const encoder::EncoderInfo& info() const override { return encoder_->info(); }
  encoder::EncoderInfo& mutable_info() { return encoder_->mutable_info(); }

  Status refusal;
  bool hold = false;
  serving::Stats stats;
  std::vector<std::optional<TimePoint>> deadlines;
  int64_t priority = -1;  // of the last request
  std::optional<Duration> queue_timeout;

 private:
  const std::unique_ptr<batch::testing::FakeEncoder> encoder_;
  std::vector<std::shared_ptr<batch::Job>> jobs_;
};

}  // namespace pano::models::testing
