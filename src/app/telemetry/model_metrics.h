#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

namespace pano::telemetry {

// The series of one model, found once, so that an observation is a few nanoseconds and no look-up:
// meant to be called from the engine's thread. Thread-safe.
class ModelMetrics {
 public:
  // What an observation lands in; made by Metrics.
  struct Series;
  explicit ModelMetrics(std::unique_ptr<Series> series);
  ~ModelMetrics();
  ModelMetrics(const ModelMetrics&) = delete;
  ModelMetrics& operator=(const ModelMetrics&) = delete;

  void ObserveTtft(double seconds);
  void ObserveInterToken(double seconds);
  void ObserveQueue(double seconds);
  void ObserveStep(double seconds, int64_t tokens, int64_t sequences);

  // Reasons as engine::Observer has them; others count as "other".
  void CountCancellation(std::string_view reason);
  void CountRejection(std::string_view reason);

  void SetQueueRequests(int64_t requests);
  void SetRunningSequences(int64_t sequences);
  void SetKvBlocks(int64_t used, int64_t cached, int64_t free);

  // Totals that the engine counts itself; the counters follow them. A total that has become smaller
  // is that of a new engine and is added whole. Call from Metrics::OnScrape, so from one thread at
  // a time.
  void SetTokensTotal(int64_t prompt, int64_t cached, int64_t generated);
  void SetSpeculatedTotal(int64_t accepted, int64_t rejected);
  void SetPreemptionsTotal(int64_t preemptions);

 private:
  const std::unique_ptr<Series> series_;
};

}  // namespace pano::telemetry
