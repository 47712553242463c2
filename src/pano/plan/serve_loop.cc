#include "pano/plan/serve_loop.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "infra/sim/poisson.h"
#include "infra/sim/serve_run.h"
#include "pano/step_policy/engine_step_policy.h"

namespace pano::plan {
namespace {

constexpr int64_t kRounds = 8;            // of every client, in a closed loop
constexpr int64_t kArrivals = 400;        // at random times
// From the end of an answer to the next request of the same client at the scheduler, one after another (`pano load`, measured).
constexpr double kClientSeconds = 1e-3;
constexpr int kRateSteps = 12;            // bisections of a rate

struct Loop {
  double requests_s = 0, tokens_s = 0;
  double ttft_mean = 0, ttft_p90 = 0;
  double gap_median = 0, gap_p90 = 0;
};

// The gap that `share` of all gaps between tokens, sorted, are at most: a step's time counts for each of its decoding sequences.
double GapOf(const std::vector<std::pair<double, int64_t>>& gaps, double share) {
  int64_t count = 0, seen = 0;
  for (const auto& [seconds, rows] : gaps) count += rows;
  for (const auto& [seconds, rows] : gaps) {
    seen += rows;
    if (static_cast<double>(seen) >= share * static_cast<double>(count)) return seconds;
  }
  return 0;
}

class Simulation {
 public:
  Simulation(const sim::StepTime& time, const planner::ServeGoal& goal, int64_t clients) : goal_(goal), clients_(clients), plan_(LoopPlan(time, goal, clients)) {}

  Result<Loop> Closed() {
    const int64_t count = clients_ * kRounds;
    std::vector<sim::TraceRequest> trace(static_cast<size_t>(count), {0, goal_.prompt_tokens, goal_.max_tokens});
    return Run(trace, static_cast<size_t>(clients_));
  }

  // The same random times whatever the rate, so that rates can be compared.
  Result<Loop> AtRate(double requests_s) {
    plan_.clients = 0;   // they come when the trace says
    std::vector<sim::TraceRequest> trace;
    for (const double at : sim::PoissonTimes(kArrivals, requests_s, /*seed=*/1)) trace.push_back({at, goal_.prompt_tokens, goal_.max_tokens});
    return Run(trace, 0);
  }

 private:
  // The first `edge` ends and as many last ones are a beginning and an end, which a server that runs on has not. Clients of equal requests end side by
  // side, in rounds: from the last end of one to the last end of another, so that rounds are whole.
  Result<Loop> Run(const std::vector<sim::TraceRequest>& trace, size_t edge) {
    std::vector<std::pair<double, int64_t>> gaps;
    step_policy::EngineStepPolicy policy(plan_);
    PANO_ASSIGN_OR_RETURN(const sim::ServeRun run, sim::SimulateServing(trace, plan_, policy, [&](const sim::StepSeen& step) {
      if (step.work.decode_rows > 0) gaps.emplace_back(step.seconds, step.work.decode_rows);
    }));
    Loop out;
    std::vector<double> ends;
    for (const sim::ServedRequest& one : run.requests) ends.push_back(one.finish_s);
    std::ranges::sort(ends);
    const size_t first = edge > 0 ? edge - 1 : 0, last = ends.size() - 1 - edge;
    out.requests_s = edge > 0 && last > first && ends[last] > ends[first] ? static_cast<double>(last - first) / (ends[last] - ends[first])
                                                                        : static_cast<double>(ends.size()) / run.makespan_s;
    out.tokens_s = out.requests_s * static_cast<double>(goal_.max_tokens);
    out.ttft_mean = run.ttft.mean;
    out.ttft_p90 = run.ttft.p90;
    std::ranges::sort(gaps);
    out.gap_median = GapOf(gaps, 0.5);
    out.gap_p90 = GapOf(gaps, 0.9);
    return out;
  }

  const planner::ServeGoal& goal_;
  const int64_t clients_;
  sim::ServePlan plan_;
};

}  // namespace

sim::ServePlan LoopPlan(const sim::StepTime& time, const planner::ServeGoal& goal, int64_t clients) {
  sim::ServePlan plan;
  plan.max_sequences = clients;
  plan.step_tokens = std::max(goal.step_tokens, clients);
  plan.clients = clients;
  plan.client_s = kClientSeconds;
  plan.time = time;
  return plan;
}

Result<bool> SimulateLoop(const sim::StepTime& time, const planner::ServeGoal& goal, int64_t clients, planner::ServePrediction& out) {
  const int64_t requests = std::max(clients * kRounds, kArrivals);
  if (clients > kLoopClientsMax || goal.prompt_tokens + goal.max_tokens > kLoopTokensMax / requests) return false;
  Simulation simulation(time, goal, clients);
  PANO_ASSIGN_OR_RETURN(const Loop closed, simulation.Closed());
  double capacity = closed.requests_s;
  out.slo_met = true;
  if (goal.ttft_s_max > 0 || goal.itl_s_max > 0) {
    auto keeps = [&](const Loop& loop) {
      return (goal.ttft_s_max <= 0 || loop.ttft_p90 <= goal.ttft_s_max) && (goal.itl_s_max <= 0 || loop.gap_p90 <= goal.itl_s_max);
    };
    double low = 0, high = 1.2 * closed.requests_s;
    for (int i = 0; i < kRateSteps; ++i) {
      const double middle = (low + high) / 2;
      PANO_ASSIGN_OR_RETURN(const Loop loop, simulation.AtRate(middle));
      (keeps(loop) ? low : high) = middle;
    }
    capacity = low;
    out.slo_met = low > 0.01 * closed.requests_s;
    if (!out.slo_met) capacity = 0;
  }
  out.requests_day = capacity * 86400;
  out.ttft_s = closed.ttft_mean;
  out.itl_s = closed.gap_median;
  out.tokens_s = closed.tokens_s;
  out.bound = "measured";
  if (goal.load_rps <= 0) return true;
  out.utilisation = goal.load_rps / closed.requests_s;
  if (capacity < goal.load_rps) out.slo_met = false;
  PANO_ASSIGN_OR_RETURN(const Loop loaded, simulation.AtRate(std::min(goal.load_rps, closed.requests_s)));
  out.ttft_s = loaded.ttft_mean;
  out.itl_s = loaded.gap_median;
  out.tokens_s = std::min(goal.load_rps, closed.requests_s) * static_cast<double>(goal.max_tokens);
  return true;
}

}  // namespace pano::plan
