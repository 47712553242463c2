#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/metrics.h"

namespace pano::telemetry {

// The series of one model, found once, so that an observation is a few nanoseconds and no look-up.
// What happens while it runs is counted through handles by who serves it. Thread-safe.
class ModelMetrics {
 public:
  // What an observation lands in; made by Metrics.
  struct Series;
  explicit ModelMetrics(std::unique_ptr<Series> series);
  ~ModelMetrics();
  ModelMetrics(const ModelMetrics&) = delete;
  ModelMetrics& operator=(const ModelMetrics&) = delete;

  // Handles live as long as this object.
  Histogram& ttft_seconds() const;
  Histogram& inter_token_seconds() const;
  Histogram& grammar_mask_seconds() const;
  Histogram& queue_seconds() const;
  Histogram& step_seconds() const;
  Histogram& step_tokens() const;
  Histogram& step_sequences() const;
  // Reasons as model/serving names them; others count as "other".
  Counter& cancellations(std::string_view reason) const;
  Counter& rejections(std::string_view reason) const;

  void SetQueueRequests(int64_t requests);
  void SetRunningSequences(int64_t sequences);
  void SetKvBlocks(int64_t used, int64_t cached, int64_t free);

  // Totals that the engine counts itself; the counters follow them. A total that has become smaller
  // is that of a new engine and is added whole. Call from Metrics::OnScrape, so from one thread at
  // a time.
  void SetTokensTotal(int64_t prompt, int64_t cached, int64_t generated);
  void SetSpeculatedTotal(int64_t accepted, int64_t rejected);
  void SetPreemptionsTotal(int64_t preemptions);
  void SetForcedTokensTotal(int64_t tokens);

 private:
  const std::unique_ptr<Series> series_;
};

}  // namespace pano::telemetry
