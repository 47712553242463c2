#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

namespace pano {

// Handles that a lower layer counts with, without knowing who reads. Found once (at construction)
// and kept: adding takes no lock and no look-up. Thread-safe; they live as long as their registry.
class Counter {
 public:
  virtual ~Counter() = default;
  virtual void Add(double by = 1) = 0;  // REQUIRES: by >= 0
};

// A value that goes up and down. Thread-safe.
class Gauge {
 public:
  virtual ~Gauge() = default;
  virtual void Set(double value) = 0;
  virtual void Add(double by) = 0;
};

// Counts of observations by bucket, and their sum. Thread-safe.
class Histogram {
 public:
  virtual ~Histogram() = default;
  virtual void Observe(double value) = 0;
};

// One series: names as Prometheus has them, in base units ("pano_collective_bytes_total",
// "pano_collective_seconds"). Label values come from a small set that the program knows, never from
// outside. `help` is one sentence; the first that is given stays.
struct MetricId {
  std::string name;
  std::string help = {};
  std::vector<std::pair<std::string, std::string>> labels = {};
};

// Where series live. The same name and labels give the same handle, whatever their order; one name
// is one kind with one set of label names and, for a histogram, one list of bounds: anything else
// is a bug of the caller. Thread-safe.
class MetricRegistry {
 public:
  virtual ~MetricRegistry() = default;
  virtual Counter& GetCounter(const MetricId& id) = 0;
  virtual Gauge& GetGauge(const MetricId& id) = 0;
  // `bounds`: the upper bounds of the buckets, ascending; one more, without bound, is added.
  virtual Histogram& GetHistogram(const MetricId& id, std::span<const double> bounds) = 0;

  // Counts nothing: the default of whoever takes a registry.
  static MetricRegistry& None();
};

}  // namespace pano
