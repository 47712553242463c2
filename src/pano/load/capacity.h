#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "app/http/url.h"
#include "base/json.h"
#include "pano/load/load_run.h"
#include "pano/load/workload.h"

namespace pano::load {

// How a server does when it is offered parts or multiples of what it can do.
struct CapacityOptions {
  std::vector<double> shares = {0.6, 1.5};  // of the capacity, one run each
  int64_t concurrency = 32;                 // in flight while the capacity is measured
  double seconds = 10;                      // of each run, the one for the capacity included
  http::ClientOptions client;
};

// One open-loop run: arrivals at random (Poisson) times whatever becomes of the requests before them.
struct ShareResult {
  double share = 0;
  double offered = 0;    // requests a second
  double answered = 0;   // the same, of those that were answered
  double seconds = 0;
  int64_t requests = 0;
  int64_t refused = 0;   // 429 or 503 with Retry-After
  int64_t failed = 0;    // anything else: should be 0
  std::vector<double> answer_seconds = {};   // of the answered, from when they were due
  std::vector<double> refusal_seconds = {};  // of the refused
};

struct CapacityResult {
  double capacity = 0;  // requests a second, closed loop
  std::vector<ShareResult> shares = {};
};

// First the capacity: a closed loop, after a tenth of its time to warm up. Then each share of it; then the closed loop
// again: a machine's speed drifts, so the result's capacity is the mean of both. Above a share of 1 the calling thread
// leaves the cores to a server beside it (YieldToServer). Unavailable when no request was answered.
Result<CapacityResult> MeasureCapacity(const http::Url& url, const WorkloadOptions& workload,
                                       const CapacityOptions& options,
                                       const std::function<void(const std::string& what)>& on_run);

// {"capacity": ..., "shares": [{"share", "offered", "answered", "goodput_share", "refused", "failed",
// "answer_ms": {"p50", "p99", "max"}, "refusal_ms": {...}}]}; goodput_share: answered by capacity.
json::Value CapacityReport(const CapacityResult& result);
std::string FormatCapacity(const CapacityResult& result);

// "0.6,1.5": numbers above 0 up to 100, 16 at most.
Result<std::vector<double>> ParseShares(std::string_view text);

}  // namespace pano::load
