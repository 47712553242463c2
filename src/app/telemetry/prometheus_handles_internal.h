#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>

#include "base/metrics.h"

namespace pano::telemetry {

// A series of the library as lower layers see it; borrowed. Thread-safe.
class CounterHandle final : public Counter {
 public:
  explicit CounterHandle(prometheus::Counter& to) : to_(to) {}
  void Add(double by) override { to_.Increment(by); }

 private:
  prometheus::Counter& to_;
};

// A gauge of Prometheus. Thread-safe.
class GaugeHandle final : public Gauge {
 public:
  explicit GaugeHandle(prometheus::Gauge& to) : to_(to) {}
  void Set(double value) override { to_.Set(value); }
  void Add(double by) override { to_.Increment(by); }

 private:
  prometheus::Gauge& to_;
};

// A histogram of Prometheus. Thread-safe.
class HistogramHandle final : public Histogram {
 public:
  explicit HistogramHandle(prometheus::Histogram& to) : to_(to) {}
  void Observe(double value) override { to_.Observe(value); }

 private:
  prometheus::Histogram& to_;
};

}  // namespace pano::telemetry
