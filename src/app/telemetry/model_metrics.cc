#include "app/telemetry/model_metrics.h"

#include <algorithm>

#include "app/telemetry/model_series_internal.h"

namespace pano::telemetry {
namespace {

// The counter of `reason`; that of "other", the last, for an unknown one.
template <size_t kCount>
Counter& Choose(const std::array<std::string_view, kCount>& reasons,
                std::array<std::optional<CounterHandle>, kCount>& counters,
                std::string_view reason) {
  const auto found = std::find(reasons.begin(), reasons.end() - 1, reason);
  return *counters[static_cast<size_t>(found - reasons.begin())];
}

}  // namespace

ModelMetrics::ModelMetrics(std::unique_ptr<Series> series) : series_(std::move(series)) {}
ModelMetrics::~ModelMetrics() = default;

Histogram& ModelMetrics::ttft_seconds() const { return *series_->ttft; }
Histogram& ModelMetrics::inter_token_seconds() const { return *series_->inter_token; }
Histogram& ModelMetrics::grammar_mask_seconds() const { return *series_->grammar_mask; }
Histogram& ModelMetrics::queue_seconds() const { return *series_->queue; }
Histogram& ModelMetrics::step_seconds() const { return *series_->step_seconds; }
Histogram& ModelMetrics::step_tokens() const { return *series_->step_tokens; }
Histogram& ModelMetrics::step_sequences() const { return *series_->step_sequences; }

Counter& ModelMetrics::cancellations(std::string_view reason) const {
  return Choose(kCancellationReasons, series_->cancellations, reason);
}

Counter& ModelMetrics::rejections(std::string_view reason) const {
  return Choose(kRejectionReasons, series_->rejections, reason);
}

void ModelMetrics::SetQueueRequests(int64_t requests) {
  series_->queue_requests->Set(static_cast<double>(requests));
}

void ModelMetrics::SetRunningSequences(int64_t sequences) {
  series_->running_sequences->Set(static_cast<double>(sequences));
}

void ModelMetrics::SetKvBlocks(int64_t used, int64_t cached, int64_t free) {
  series_->kv_used->Set(static_cast<double>(used));
  series_->kv_cached->Set(static_cast<double>(cached));
  series_->kv_free->Set(static_cast<double>(free));
}

void ModelMetrics::SetTokensTotal(int64_t prompt, int64_t cached, int64_t generated) {
  series_->prompt_tokens.Follow(prompt);
  series_->cached_tokens.Follow(cached);
  series_->generated_tokens.Follow(generated);
}

void ModelMetrics::SetSpeculatedTotal(int64_t accepted, int64_t rejected) {
  series_->accepted_drafts.Follow(accepted);
  series_->rejected_drafts.Follow(rejected);
}

void ModelMetrics::SetPreemptionsTotal(int64_t preemptions) {
  series_->preemptions.Follow(preemptions);
}

void ModelMetrics::SetForcedTokensTotal(int64_t tokens) { series_->forced_tokens.Follow(tokens); }

}  // namespace pano::telemetry
