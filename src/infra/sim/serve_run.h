#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/result.h"
#include "infra/sim/serve_plan.h"
#include "infra/sim/step_policy.h"
#include "infra/sim/trace.h"

namespace pano::sim {

// What became of a request. A value.
struct ServedRequest {
  Time arrival_s = 0;
  Time begun_s = 0;        // its first step
  Time first_token_s = 0;
  Time finish_s = 0;
};

struct Quantiles {
  double mean = 0, p50 = 0, p90 = 0, p99 = 0;  // nearest rank
};
// Sorts `values`. All 0 where there are none.
Quantiles QuantilesOf(std::vector<double>& values);

// A trace as it was served. A value.
struct ServeRun {
  std::vector<ServedRequest> requests;
  int64_t waited = 0;     // requests whose first step did not begin as they came
  double makespan_s = 0;  // from the first arrival to the last end
  double system_mean = 0; // requests that are there, on average: sum of responses / makespan
  Quantiles wait, ttft, response, gap;  // gap: between the tokens of a request, its mean
  int64_t steps = 0;
  int64_t preemptions = 0;
  int64_t restarts = 0;      // requests that began anew because their replica went down
  int64_t lost_tokens = 0;   // of answers, that were drawn on it before
  double step_mean_s = 0;
  double rows_mean = 0;   // sequences in a step
  double busy = 0;        // part of the makespan in which a replica steps, also in vain
  int64_t output_tokens = 0;
  int64_t cached_tokens = 0;  // of inputs, that the prefix cache had
};

// What one tenant got. A value.
struct TenantFigures {
  int64_t requests = 0;
  double output_tokens_s = 0;  // from its first request to its last end
  Quantiles ttft, response, gap;
};
// By TraceRequest::tenant, below `count`.
std::vector<TenantFigures> FiguresByTenant(const std::vector<TraceRequest>& trace, const ServeRun& run, size_t count);

inline constexpr int64_t kServeStepsMax = 500'000'000;

// Serves the trace, or with ServePlan::clients its requests in a closed loop: one queue, from which each replica takes what the policy admits to
// its next step. A replica that goes down loses what runs on it: those requests begin anew, before all that came later. Unavailable where none is
// left to serve what waits. InvalidArgument for a request that a replica's KV memory could never hold; Exhausted beyond
// kServeStepsMax steps. `on_step` (may be empty) sees every step. Where the trace has several tenants the policy is told what they are served.
struct StepSeen {
  int64_t replica = 0;
  Time begin_s = 0;
  double seconds = 0;
  StepWork work = {};
};
Result<ServeRun> SimulateServing(const std::vector<TraceRequest>& trace, const ServePlan& plan, StepPolicy& policy,
                                 const std::function<void(const StepSeen&)>& on_step = {});

}  // namespace pano::sim
