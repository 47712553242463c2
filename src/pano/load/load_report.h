#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "pano/load/load_run.h"
#include "pano/load/workload.h"

namespace pano::load {

// {"requests", "errors", "gen_tok_s", "total_tok_s", "ttft_ms": {"p50", "p90", "p99", "max"},
// "itl_ms", "e2e_ms", ...}; times of failed requests do not count. Percentiles of nothing are null.
json::Value MakeReport(const WorkloadOptions& workload, const RunOptions& options,
                       const RunResult& result);

// The same for people.
std::string FormatReport(const json::Value& report);

// The value below which `share` of `values` lie, interpolated. REQUIRES: not empty.
double Percentile(std::vector<double> values, double share);

}  // namespace pano::load
