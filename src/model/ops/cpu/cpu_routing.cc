// Which experts a token goes to: softmax over all, then the best of the eligible.
#include <algorithm>
#include <cmath>

#include "model/ops/cpu/cpu_operators.h"
#include "model/ops/cpu/row_grain.h"

namespace pano::ops {
namespace {

// Numbers below n of the `take` highest scores, best first; of equal ones the lower number. Where
// scores are NaN, any.
void TakeBest(size_t n, size_t take, const std::vector<float>& score, std::vector<uint8_t>& taken,
              std::vector<size_t>& best) {
  taken.assign(n, 0);
  best.clear();
  while (best.size() < take) {
    size_t at = n;
    for (size_t i = 0; i < n; ++i) {
      if (taken[i] == 0 && (at == n || score[i] > score[at])) at = i;
    }
    taken[at] = 1;
    best.push_back(at);
  }
}

}  // namespace

// From one token's router logits to each expert's weight, 0 for those not chosen.
void CpuOperators::RouteRow(const RoutingParams& params, std::span<float> logits, Worker& worker) {
  const size_t count = logits.size();
  std::vector<float>&p = worker.probabilities, &score = worker.scores;
  std::vector<size_t>& order = worker.order;
  p.resize(count);
  const float top = *std::ranges::max_element(logits);
  float sum = 0;
  for (size_t i = 0; i < count; ++i) sum += p[i] = std::exp(logits[i] - top);
  for (float& value : p) value /= sum;
  score = p;
  if (params.groups > 1) {
    // Only experts of the groups with the best single experts stay eligible.
    const size_t size = count / params.groups;
    std::vector<float>& best = worker.group_best;
    best.resize(params.groups);
    for (size_t g = 0; g < params.groups; ++g) {
      best[g] = *std::ranges::max_element(std::span(p).subspan(g * size, size));
    }
    TakeBest(params.groups, params.groups_used, best, worker.taken, order);
    for (size_t e = 0; e < count; ++e) {
      if (worker.taken[e / size] == 0) score[e] = 0.0f;
    }
  }
  TakeBest(count, params.used, score, worker.taken, order);
  float chosen = 0;
  for (size_t i = 0; i < params.used; ++i) chosen += p[order[i]];
  std::ranges::fill(logits, 0.0f);
  for (size_t i = 0; i < params.used; ++i) {
    logits[order[i]] = (params.normalize ? p[order[i]] / chosen : p[order[i]]) * params.scale;
  }
}

void CpuOperators::Route(OpContext& context, const RoutingParams& params, Rows logits,
                         ExpertAssignment& out) {
  FitWorkers(context);
  context.pool().ParallelFor(logits.rows, kRowGrain, [&](size_t begin, size_t end, int worker) {
    for (size_t r = begin; r < end; ++r) {
      RouteRow(params, {logits.row(r), logits.width}, WorkerOf(worker));
    }
  });
  out.Reset(logits.data, logits.rows, logits.width);
}

}  // namespace pano::ops
