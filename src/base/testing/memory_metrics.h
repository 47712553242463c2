#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "base/mutex.h"

namespace pano {

// Keeps what is counted, for tests to read. Thread-safe.
class MemoryMetrics final : public MetricRegistry {
 public:
  MemoryMetrics();
  ~MemoryMetrics() override;

  Counter& GetCounter(const MetricId& id) override;
  Gauge& GetGauge(const MetricId& id) override;
  Histogram& GetHistogram(const MetricId& id, std::span<const double> bounds) override;

  using Labels = std::vector<std::pair<std::string, std::string>>;
  // A counter's total, a gauge's value, a histogram's sum; 0 when there is no such series.
  double Value(const std::string& name, const Labels& labels = {}) const;
  // A histogram's observations by bucket, the one without bound last; empty when there is none.
  std::vector<uint64_t> Buckets(const std::string& name, const Labels& labels = {}) const;

 private:
  struct Series;
  enum class Kind { kCounter, kGauge, kHistogram };
  Series& Get(Kind kind, const MetricId& id, std::span<const double> bounds);
  const Series* Find(const std::string& name, const Labels& labels) const;

  mutable Mutex mu_;
  std::map<std::pair<std::string, Labels>, std::unique_ptr<Series>> series_ PANO_GUARDED_BY(mu_);
};

}  // namespace pano
