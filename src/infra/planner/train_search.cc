#include "infra/planner/train_search.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace pano::planner {
namespace {

std::vector<int64_t> Divisors(int64_t n, int64_t most) {
  std::vector<int64_t> low, high;
  for (int64_t i = 1; i * i <= n; ++i) {
    if (n % i != 0) continue;
    low.push_back(i);
    if (i != n / i) high.push_back(n / i);
  }
  low.insert(low.end(), high.rbegin(), high.rend());
  std::erase_if(low, [&](int64_t d) { return d > most; });
  return low;
}

class Search {
 public:
  Search(const TrainModel& model, const TrainGoal& goal) : model_(model), goal_(goal) {}

  TrainSearch Run() && {
    const int64_t ranks = model_.cluster().fabric.ranks();
    ParallelPlan p;
    p.global_batch = goal_.global_batch;
    p.seq = goal_.seq;
    p.dtype = goal_.dtype;
    for (int64_t tp : Divisors(ranks, model_.spec().heads)) {
      if (goal_.tp && *goal_.tp != tp) continue;
      p.tp = tp;
      for (int64_t pp : Divisors(ranks / tp, model_.layers())) {
        if (goal_.pp && *goal_.pp != pp) continue;
        p.pp = pp;
        for (int64_t cp : Divisors(ranks / tp / pp, 64)) {
          p.cp = cp;
          p.dp = ranks / tp / pp / cp;
          if (goal_.global_batch % p.dp == 0) Experts(p);
        }
      }
    }
    return std::move(found_);
  }

 private:
  void Experts(ParallelPlan p) {
    const int64_t experts = model_.spec().experts;
    for (int64_t ep : Divisors(experts > 0 ? std::gcd(experts, p.dp * p.cp) : 1, 1 << 20)) {
      p.ep = ep;
      // Large micro-batches first: they use the cards best, and the bound then ends the others.
      std::vector<int64_t> batches = Divisors(p.global_batch / p.dp, 1 << 12);
      std::reverse(batches.begin(), batches.end());
      for (int64_t batch : batches) {
        p.micro_batch = batch;
        for (int64_t v = 1; v <= model_.layers() / p.pp; ++v) {
          if (v > 16 && model_.layers() % (p.pp * v) != 0) continue;
          p.virtual_stages = v;
          if (v > 1 && (p.pp == 1 || p.microbatches() % p.pp != 0)) break;
          Branch(p);
        }
      }
    }
  }

  void Branch(ParallelPlan p) {
    p.sequence_parallel = false;
    if (!model_.Check(p).ok()) return;
    if (fits_ && model_.LeastSeconds(p) >= found_.prediction.step_s) {
      found_.pruned += 48;
      return;
    }
    for (const bool flash : {true, false}) {
      p.flash_attention = flash;
      for (const bool sp : {true, false}) {
        p.sequence_parallel = sp;
        if (sp && (p.tp == 1 || !model_.Check(p).ok())) continue;
        for (const Recompute recompute : {Recompute::kNone, Recompute::kSelective, Recompute::kFull}) {
          p.recompute = recompute;
          for (int64_t zero = 0; zero <= 3; ++zero) {
            p.zero = zero;
            Try(p);
          }
        }
      }
    }
  }

  void Try(const ParallelPlan& p) {
    const TrainPrediction now = model_.Predict(p);
    ++found_.predicted;
    const bool fits = now.memory.fits();
    bool better = !found_.plan;
    if (!better && fits != fits_) better = fits;
    else if (!better && !fits) better = now.memory.total() < found_.prediction.memory.total();
    else if (!better) {
      const double best = found_.prediction.step_s;
      better = now.step_s < best || (now.step_s == best && now.memory.total() < found_.prediction.memory.total());
    }
    if (!better) return;
    fits_ = fits;
    found_.plan = p;
    found_.prediction = now;
  }

  const TrainModel& model_;
  const TrainGoal& goal_;
  TrainSearch found_;
  bool fits_ = false;
};

}  // namespace

TrainSearch SearchTraining(const TrainModel& model, const TrainGoal& goal) { return Search(model, goal).Run(); }

std::optional<ParallelPlan> RuleOfThumb(const TrainModel& model, const TrainGoal& goal) {
  const cluster::Fabric& fabric = model.cluster().fabric;
  ParallelPlan p;
  p.global_batch = goal.global_batch;
  p.seq = goal.seq;
  p.dtype = goal.dtype;
  p.tp = fabric.gpus_per_node;
  p.zero = 1;
  p.sequence_parallel = p.tp > 1;
  for (int64_t pp : Divisors(fabric.nodes, model.layers())) {
    p.pp = pp;
    p.dp = fabric.nodes / pp;
    for (const Recompute recompute : {Recompute::kSelective, Recompute::kFull}) {
      p.recompute = recompute;
      if (model.Check(p).ok() && model.Predict(p).memory.fits()) return p;
    }
  }
  return std::nullopt;
}

}  // namespace pano::planner
