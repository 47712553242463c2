#include "base/metrics.h"

namespace pano {
namespace {

class NoCounter final : public Counter {
  void Add(double) override {}
};
class NoGauge final : public Gauge {
  void Set(double) override {}
  void Add(double) override {}
};
class NoHistogram final : public Histogram {
  void Observe(double) override {}
};

class NoMetrics final : public MetricRegistry {
 public:
  Counter& GetCounter(const MetricId&) override { return counter_; }
  Gauge& GetGauge(const MetricId&) override { return gauge_; }
  Histogram& GetHistogram(const MetricId&, std::span<const double>) override { return histogram_; }

 private:
  NoCounter counter_;
  NoGauge gauge_;
  NoHistogram histogram_;
};

}  // namespace

MetricRegistry& MetricRegistry::None() {
  static NoMetrics none;
  return none;
}

}  // namespace pano
