#include "base/testing/memory_metrics.h"

#include <algorithm>

#include "base/check.h"

namespace pano {

// One of the three kinds; the others' parts lie idle.
struct MemoryMetrics::Series final : Counter, Gauge, Histogram {
  Series(Kind kind_of, std::span<const double> upper)
      : kind(kind_of), bounds(upper.begin(), upper.end()), buckets(upper.size() + 1) {}

  void Add(double by) override {
    PANO_CHECK(kind == Kind::kGauge || by >= 0);
    value.fetch_add(by, std::memory_order_relaxed);
  }
  void Set(double to) override { value.store(to, std::memory_order_relaxed); }
  void Observe(double seen) override {
    const auto at = std::lower_bound(bounds.begin(), bounds.end(), seen) - bounds.begin();
    buckets[static_cast<size_t>(at)].fetch_add(1, std::memory_order_relaxed);
    value.fetch_add(seen, std::memory_order_relaxed);
  }

  const Kind kind;
  const std::vector<double> bounds;
  std::vector<std::atomic<uint64_t>> buckets;
  std::atomic<double> value{0};
};

MemoryMetrics::MemoryMetrics() = default;
MemoryMetrics::~MemoryMetrics() = default;

MemoryMetrics::Series& MemoryMetrics::Get(Kind kind, const MetricId& id,
                                          std::span<const double> bounds) {
  PANO_CHECK(std::is_sorted(bounds.begin(), bounds.end()));
  Labels labels = id.labels;
  std::sort(labels.begin(), labels.end());
  MutexLock lock(mu_);
  std::unique_ptr<Series>& series = series_[{id.name, std::move(labels)}];
  if (!series) series = std::make_unique<Series>(kind, bounds);
  PANO_CHECK(series->kind == kind);
  PANO_CHECK(std::ranges::equal(series->bounds, bounds));
  return *series;
}

Counter& MemoryMetrics::GetCounter(const MetricId& id) { return Get(Kind::kCounter, id, {}); }
Gauge& MemoryMetrics::GetGauge(const MetricId& id) { return Get(Kind::kGauge, id, {}); }
Histogram& MemoryMetrics::GetHistogram(const MetricId& id, std::span<const double> bounds) {
  return Get(Kind::kHistogram, id, bounds);
}

const MemoryMetrics::Series* MemoryMetrics::Find(const std::string& name,
                                                 const Labels& labels) const {
  Labels sorted = labels;
  std::sort(sorted.begin(), sorted.end());
  MutexLock lock(mu_);
  const auto found = series_.find({name, std::move(sorted)});
  return found == series_.end() ? nullptr : found->second.get();
}

double MemoryMetrics::Value(const std::string& name, const Labels& labels) const {
  const Series* series = Find(name, labels);
  return series ? series->value.load(std::memory_order_relaxed) : 0;
}

std::vector<uint64_t> MemoryMetrics::Buckets(const std::string& name, const Labels& labels) const {
  const Series* series = Find(name, labels);
  if (!series || series->kind != Kind::kHistogram) return {};
  return {series->buckets.begin(), series->buckets.end()};
}

}  // namespace pano
