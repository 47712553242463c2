#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "app/telemetry/model_metrics.h"
#include "base/metrics.h"

namespace pano::telemetry {

// What pano_build_info says.
struct BuildInfo {
  std::string version;
  std::string commit;
  std::string isa;
};

// All metrics of the process, with the names that docs and dashboards know (pano_*), as Prometheus
// reads them. Thread-safe.
class Metrics {
 public:
  // Beyond these, labels become "other": a caller must not be able to fill the memory with series.
  static constexpr size_t kModelsMax = 256;
  static constexpr size_t kRoutesMax = 128;

  explicit Metrics(BuildInfo build);
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // The series of the model `label`, the same ones each time; they live as long as this object.
  ModelMetrics& ForModel(std::string_view label);

  // One answered request. `model`: "" where the route has none; one that ForModel has not seen
  // counts as "other". `route`: the pattern, never a raw path.
  void CountRequest(std::string_view model, std::string_view route, int code, double seconds);

  // Where layers below count without knowing Prometheus (base/metrics.h); lives as long as this.
  MetricRegistry& registry();

  // `callback` runs before each Text, one at a time: the place to set gauges and followed totals.
  // It must not call OnScrape or Text.
  void OnScrape(std::function<void()> callback);

  // The exposition format, version 0.0.4.
  std::string Text();
  static constexpr std::string_view kContentType = "text/plain; version=0.0.4; charset=utf-8";

 private:
  struct Families;
  const std::unique_ptr<Families> families_;
};

}  // namespace pano::telemetry
