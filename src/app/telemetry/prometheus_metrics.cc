#include "app/telemetry/prometheus_metrics.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "app/telemetry/prometheus_handles_internal.h"
#include "base/check.h"
#include "base/mutex.h"

namespace pano::telemetry {
namespace {

// All series of one name: the family of the library and a handle by labels.
template <typename Metric, typename Handle>
struct Named {
  prometheus::Family<Metric>* family = nullptr;
  std::vector<double> bounds;
  std::map<prometheus::Labels, std::unique_ptr<Handle>> handles;
};

template <typename Metric, typename Handle>
using ByName = std::map<std::string, Named<Metric, Handle>>;

}  // namespace

// One name is one kind (checked below: the library would throw).
struct PrometheusMetrics::State {
  explicit State(prometheus::Registry& to) : registry(to) {}

  prometheus::Registry& registry;
  Mutex mu;
  ByName<prometheus::Counter, CounterHandle> counters PANO_GUARDED_BY(mu);
  ByName<prometheus::Gauge, GaugeHandle> gauges PANO_GUARDED_BY(mu);
  ByName<prometheus::Histogram, HistogramHandle> histograms PANO_GUARDED_BY(mu);
};

namespace {

// The handle of `id`, made with `build` (of its family) and `extra` (bounds) when it is new.
template <typename Metric, typename Handle, typename Builder, typename... Extra>
Handle& Find(ByName<Metric, Handle>& all, const MetricId& id, prometheus::Registry& registry,
             const Builder& builder, std::vector<double> bounds, const Extra&... extra) {
  Named<Metric, Handle>& named = all[id.name];
  if (named.family == nullptr) {
    auto build = builder();
    named.family = &build.Name(id.name).Help(id.help).Register(registry);
    named.bounds = std::move(bounds);
  } else {
    PANO_CHECK(named.bounds == bounds);
  }
  prometheus::Labels labels(id.labels.begin(), id.labels.end());
  if (!named.handles.contains(labels) && named.handles.size() >= PrometheusMetrics::kSeriesMax) {
    for (auto& [name, value] : labels) value = "other";
  }
  std::unique_ptr<Handle>& handle = named.handles[labels];
  if (!handle) handle = std::make_unique<Handle>(named.family->Add(labels, extra...));
  return *handle;
}

}  // namespace

PrometheusMetrics::PrometheusMetrics(prometheus::Registry& registry)
    : state_(std::make_unique<State>(registry)) {}
PrometheusMetrics::~PrometheusMetrics() = default;

Counter& PrometheusMetrics::GetCounter(const MetricId& id) {
  MutexLock lock(state_->mu);
  PANO_CHECK(!state_->gauges.contains(id.name) && !state_->histograms.contains(id.name));
  return Find(state_->counters, id, state_->registry, prometheus::BuildCounter, {});
}

Gauge& PrometheusMetrics::GetGauge(const MetricId& id) {
  MutexLock lock(state_->mu);
  PANO_CHECK(!state_->counters.contains(id.name) && !state_->histograms.contains(id.name));
  return Find(state_->gauges, id, state_->registry, prometheus::BuildGauge, {});
}

Histogram& PrometheusMetrics::GetHistogram(const MetricId& id, std::span<const double> bounds) {
  MutexLock lock(state_->mu);
  PANO_CHECK(!state_->counters.contains(id.name) && !state_->gauges.contains(id.name));
  const prometheus::Histogram::BucketBoundaries buckets(bounds.begin(), bounds.end());
  return Find(state_->histograms, id, state_->registry, prometheus::BuildHistogram,
              std::vector<double>(bounds.begin(), bounds.end()), buckets);
}

}  // namespace pano::telemetry
