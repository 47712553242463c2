#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "app/telemetry/model_metrics.h"
#include "app/telemetry/prometheus_handles_internal.h"

namespace pano::telemetry {

// Label values that exist from the start, so that a series is there before it first counts.
inline constexpr std::array<std::string_view, 5> kCancellationReasons = {
    "client", "deadline", "slow_client", "shutdown", "other"};
inline constexpr std::array<std::string_view, 6> kRejectionReasons = {
    "queue_full", "draining", "context", "deadline", "quota", "other"};

// A Prometheus counter that mirrors a total kept elsewhere; a total that shrinks has started anew.
struct MirroredCounter {
  prometheus::Counter* counter = nullptr;
  int64_t last = 0;

  void Follow(int64_t total) {
    const int64_t gained = total >= last ? total - last : total;
    last = total;
    if (gained > 0) counter->Increment(static_cast<double>(gained));
  }
};

struct ModelMetrics::Series {
  std::optional<HistogramHandle> ttft;
  std::optional<HistogramHandle> inter_token;
  std::optional<HistogramHandle> grammar_mask;
  std::optional<HistogramHandle> queue;
  std::optional<HistogramHandle> step_seconds;
  std::optional<HistogramHandle> step_tokens;
  std::optional<HistogramHandle> step_sequences;
  prometheus::Gauge* queue_requests;
  prometheus::Gauge* running_sequences;
  prometheus::Gauge* kv_used;
  prometheus::Gauge* kv_cached;
  prometheus::Gauge* kv_free;
  std::array<std::optional<CounterHandle>, kCancellationReasons.size()> cancellations;
  std::array<std::optional<CounterHandle>, kRejectionReasons.size()> rejections;

  // Confined to whoever scrapes.
  MirroredCounter prompt_tokens;
  MirroredCounter cached_tokens;
  MirroredCounter generated_tokens;
  MirroredCounter accepted_drafts;
  MirroredCounter rejected_drafts;
  MirroredCounter preemptions;
  MirroredCounter forced_tokens;
};

}  // namespace pano::telemetry
