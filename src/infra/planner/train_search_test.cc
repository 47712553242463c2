#include "infra/planner/train_search.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <limits>
#include <tuple>

#include "base/random.h"
#include "infra/planner/testing/gpt_workload.h"

namespace pano::planner {
namespace {

using testing::Gpt;

TrainModel Model(const WorkloadSpec& spec, std::string_view hardware) {
  return TrainModel::Create(spec, cluster::Catalogue::BuiltIn()->ParseHardware(hardware).value(), 0).value();
}

// Every plan of a grid, one after the other.
template <typename F>
void ForEachPlan(int64_t ranks, int64_t batch, F f) {
  for (int64_t tp = 1; tp <= ranks; ++tp) {
    for (int64_t pp = 1; tp * pp <= ranks; ++pp) {
      for (int64_t cp = 1; tp * pp * cp <= ranks; ++cp) {
        if (ranks % (tp * pp * cp) != 0) continue;
        for (int64_t micro = 1; micro <= batch; ++micro) {
          for (int64_t v = 1; v <= 4; ++v) {
            for (int64_t zero = 0; zero < 4; ++zero) {
              for (int bits = 0; bits < 4; ++bits) {
                for (Recompute r : {Recompute::kNone, Recompute::kSelective, Recompute::kFull}) {
                  f(ParallelPlan{.dp = ranks / tp / pp / cp, .tp = tp, .pp = pp, .cp = cp, .zero = zero, .global_batch = batch,
                                 .micro_batch = micro, .seq = 2048, .recompute = r, .sequence_parallel = (bits & 1) != 0,
                                 .virtual_stages = v, .flash_attention = (bits & 2) != 0});
                }
              }
            }
          }
        }
      }
    }
  }
}

TEST(TrainSearch, FindsWhatTryingEverythingFinds) {
  for (const auto& [layers, hidden, heads, hardware] :
       {std::tuple{32, 4096, 32, "8xA100-80G"}, {24, 2048, 16, "8xT4-16G"}, {40, 5120, 40, "16xA100-40G"}}) {
    const TrainModel model = Model(Gpt(layers, hidden, heads), hardware);
    const TrainGoal goal{.global_batch = 32, .seq = 2048, .tp = {}, .pp = {}};
    const TrainSearch found = SearchTraining(model, goal);
    ASSERT_TRUE(found.plan);
    ASSERT_TRUE(found.prediction.memory.fits()) << hardware;
    size_t tried = 0;
    ForEachPlan(model.cluster().fabric.ranks(), 32, [&](const ParallelPlan& p) {
      if (!model.Check(p).ok()) return;
      const TrainPrediction one = model.Predict(p);
      ++tried;
      if (one.memory.fits()) {
        EXPECT_GE(one.step_s, found.prediction.step_s * (1 - 1e-12));
      }
    });
    EXPECT_GT(tried, 500u);
    EXPECT_GT(found.pruned, 0);
    EXPECT_EQ(model.Predict(*found.plan).step_s, found.prediction.step_s);
  }
}

// Clusters drawn at random: cards that are fast or slow, with much or little memory, behind links of four orders of magnitude.
TEST(TrainSearch, FindsTheBestOnRandomClusters) {
  Random random(5);
  auto between = [&](double low, double high) { return low * std::pow(high / low, random.Uniform()); };
  int fitting = 0;
  for (int i = 0; i < 12; ++i) {
    cluster::Cluster drawn = cluster::Catalogue::BuiltIn()->ParseHardware(random.Below(2) == 0 ? "8xA100-80G" : "8xT4-16G").value();
    drawn.accelerator.memory_bytes = static_cast<int64_t>(between(4e9, 2e11));
    for (auto& [type, flops] : drawn.accelerator.flops) flops = between(1e13, 1e15);
    drawn.accelerator.read_bytes_s = between(1e11, 5e12);
    drawn.fabric.nodes = int64_t{1} << random.Below(4);
    drawn.fabric.gpus_per_node = 8 / drawn.fabric.nodes;
    drawn.fabric.leaf_nodes = drawn.fabric.nodes;
    drawn.fabric.nics_per_node = 1;
    drawn.fabric.intra = {between(1e-6, 1e-4), between(1e9, 1e12)};
    drawn.fabric.inter = {between(1e-6, 1e-4), between(1e8, 1e11)};
    const int64_t heads = int64_t{4} << random.Below(4);
    const WorkloadSpec spec = Gpt(static_cast<int64_t>(8 * (1 + random.Below(4))), heads * 128, heads);
    const TrainModel model = TrainModel::Create(spec, drawn, 0).value();
    const TrainSearch found = SearchTraining(model, {.global_batch = 16, .seq = 2048, .tp = {}, .pp = {}});
    ASSERT_TRUE(found.plan);
    double best = std::numeric_limits<double>::infinity();
    ForEachPlan(8, 16, [&](const ParallelPlan& p) {
      if (!model.Check(p).ok()) return;
      const TrainPrediction one = model.Predict(p);
      if (one.memory.fits()) best = std::min(best, one.step_s);
    });
    ASSERT_EQ(found.prediction.memory.fits(), std::isfinite(best)) << i;
    if (!std::isfinite(best)) continue;
    ++fitting;
    EXPECT_LE(found.prediction.step_s, best * (1 + 1e-12)) << i;
  }
  EXPECT_GE(fitting, 6);
}

TEST(TrainSearch, WhereNothingFitsTheSmallestIsShown) {
  const TrainModel model = Model(Gpt(96, 12288, 96), "8xT4-16G");
  const TrainSearch found = SearchTraining(model, {.global_batch = 8, .seq = 2048, .tp = {}, .pp = {}});
  ASSERT_TRUE(found.plan);
  EXPECT_FALSE(found.prediction.memory.fits());
  EXPECT_EQ(found.plan->recompute, Recompute::kFull);
}

TEST(TrainSearch, AThousandCardsTakeSeconds) {
  const TrainModel model = Model(Gpt(96, 12288, 96), "1024xA100-80G");
  const auto start = std::chrono::steady_clock::now();
  const TrainSearch found = SearchTraining(model, {.global_batch = 1536, .seq = 2048, .tp = {}, .pp = {}});
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  ASSERT_TRUE(found.plan && found.prediction.memory.fits());
  EXPECT_GT(found.prediction.mfu, 0.35);
  EXPECT_LT(seconds, 60);   // 10 s on a machine that does nothing else
  RecordProperty("seconds", static_cast<int>(seconds));
}

TEST(TrainSearch, BeatsTheRuleOfThumb) {
  const TrainModel model = Model(Gpt(32, 4096, 32), "64xA100-80G");
  const TrainGoal goal{.global_batch = 256, .seq = 2048, .tp = {}, .pp = {}};
  const auto rule = RuleOfThumb(model, goal);
  ASSERT_TRUE(rule);
  EXPECT_EQ(rule->tp, 8);
  EXPECT_EQ(rule->micro_batch, 1);
  EXPECT_GT(model.Predict(*rule).step_s, SearchTraining(model, goal).prediction.step_s * 1.15);
}

}  // namespace
}  // namespace pano::planner
