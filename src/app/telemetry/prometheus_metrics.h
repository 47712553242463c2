#pragma once

#include <memory>

#include "base/metrics.h"

namespace prometheus {
class Registry;
}

namespace pano::telemetry {

// MetricRegistry (base/metrics.h) over a Prometheus registry: what lower layers count stands in
// /metrics beside the rest. Thread-safe. `registry` outlives it.
class PrometheusMetrics final : public MetricRegistry {
 public:
  // Beyond this many series of one name, further ones share a series whose label values are
  // "other".
  static constexpr size_t kSeriesMax = 1024;

  explicit PrometheusMetrics(prometheus::Registry& registry);
  ~PrometheusMetrics() override;

  Counter& GetCounter(const MetricId& id) override;
  Gauge& GetGauge(const MetricId& id) override;
  Histogram& GetHistogram(const MetricId& id, std::span<const double> bounds) override;

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace pano::telemetry
