#include "infra/sim/training_step.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/random.h"
#include "base/strings.h"
#include "infra/sim/figure.h"

namespace pano::sim {
namespace {

Status Check(const TrainingStep& step) {
  const Figure figures[] = {{"parameters", step.parameters, 1, 1e15},
                            {"gradient bytes", step.gradient_bytes, 1e-3, 64},
                            {"tokens", step.tokens_per_rank, 1, 1e12},
                            {"operations a second", step.flops_s, 1, 1e21},
                            {"layers", static_cast<double>(step.layers), 1, 100'000},
                            {"bucket bytes", step.bucket_bytes, 0, 1e18},
                            {"backward share", step.backward_share, 0, 1},
                            {"contention", step.contention, 0, 100},
                            {"straggler sigma", step.straggler_sigma, 0, 10},
                            {"slow rank", step.slow_rank, 1, 1e6},
                            {"outage's beginning", step.outage_at_s, 0, 1e9},
                            {"outage", step.outage_s, 0, 1e9}};
  return CheckFigures(figures, "");
}

// Buckets in the order in which they are ready, with how much of the backward pass has to be done for each:
// layers give their gradients one by one, and a bucket is full of those of several layers, or of a part of one.
struct Planned {
  double bytes = 0;
  double backward = 0;  // part of the pass
};
std::vector<Planned> PlanBuckets(const TrainingStep& step) {
  const double all = step.parameters * step.gradient_bytes;
  if (step.bucket_bytes == 0) return {{all, 1}};
  const double size = std::max(step.bucket_bytes, all / static_cast<double>(kBucketsMax - 1));
  const auto count = static_cast<int64_t>(std::ceil(all / size - 1e-9));
  std::vector<Planned> out;
  for (int64_t i = 0; i < std::max<int64_t>(1, count); ++i) {
    const double until = std::min(all, size * static_cast<double>(i + 1));
    const double layers = std::ceil(until / all * static_cast<double>(step.layers) - 1e-9);
    out.push_back({until - size * static_cast<double>(i), std::min(1.0, layers / static_cast<double>(step.layers))});
  }
  return out;
}

double Slowest(const TrainingStep& step) {
  Random random(step.seed);
  double most = step.slow_rank;
  for (int64_t i = 0; step.straggler_sigma > 0 && i < step.ranks; ++i) {
    most = std::max(most, (i == 0 ? step.slow_rank : 1) * std::exp(step.straggler_sigma * std::abs(random.Normal())));
  }
  return most;
}

}  // namespace

double ExpectedSlowest(double sigma, int64_t ranks) {
  if (sigma <= 0 || ranks < 1) return 1;
  // E max = 1 + the integral over u > 0 of sigma e^(sigma u) (1 - P(|z| <= u)^n) du, by Simpson's rule; beyond 12 there is nothing.
  const auto n = static_cast<double>(ranks);
  const auto density = [&](double u) { return sigma * std::exp(sigma * u) * -std::expm1(n * std::log1p(-std::erfc(u / std::sqrt(2.0)))); };
  constexpr int kParts = 4000;
  constexpr double kEnd = 12, kStep = kEnd / kParts;
  double sum = density(1e-12) + density(kEnd);
  for (int i = 1; i < kParts; ++i) sum += (i % 2 == 1 ? 4 : 2) * density(kStep * i);
  return 1 + sum * kStep / 3;
}

Result<TrainingStepRun> SimulateTrainingStep(const TrainingStep& step, const std::function<Result<double>(double bytes)>& seconds_of) {
  PANO_RETURN_IF_ERROR(Check(step));
  TrainingStepRun run;
  run.compute_s = step.ComputeSeconds();
  run.slowest = Slowest(step);
  const double slowest = run.slowest;
  const double forward = run.compute_s * (1 - step.backward_share) * slowest;
  const double backward = run.compute_s * step.backward_share * slowest;
  std::map<double, double> times;  // by bytes: most buckets are of one size

  const std::vector<Planned> planned = PlanBuckets(step);
  Time now = forward;    // on the timeline
  double done = 0;       // of the backward pass, in seconds of computing alone
  Time free = forward;   // the network, from then on
  size_t begun = 0;      // buckets that have begun to move
  // Computing goes at full speed but while a bucket moves. Walk from one change to the next.
  for (const Planned& bucket : planned) {
    const double target = bucket.backward * backward;
    while (done < target) {
      // The bucket that moves now, or none.
      const bool moving = begun > 0 && free > now;
      const double rate = moving ? 1 / (1 + step.contention) : 1;
      const double wanted = (target - done) / rate;
      const double spent = moving ? std::min(wanted, free - now) : wanted;
      done = spent == wanted ? target : done + spent * rate;
      now += spent;
    }
    auto known = times.find(bucket.bytes);
    if (known == times.end()) {
      PANO_ASSIGN_OR_RETURN(const double seconds, seconds_of(bucket.bytes));
      known = times.emplace(bucket.bytes, seconds).first;
    }
    Time begin = std::max(now, free);
    const Time outage_end = step.outage_at_s + step.outage_s;
    if (begin >= step.outage_at_s && begin < outage_end) begin = outage_end;
    free = begin + known->second;
    if (begin < step.outage_at_s && free > step.outage_at_s) free += step.outage_s;
    ++begun;
    run.buckets.push_back({bucket.bytes, now, begin, free});
    run.communication_s += known->second;
  }
  run.step_s = std::max(now, free);
  run.exposed = 1 - run.compute_s / run.step_s;
  return run;
}

}  // namespace pano::sim
