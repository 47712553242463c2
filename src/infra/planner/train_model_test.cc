#include "infra/planner/train_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "infra/planner/testing/gpt_workload.h"

namespace pano::planner {
namespace {

using ::testing::HasSubstr;
using testing::Gpt;

TrainModel Model(const WorkloadSpec& spec, std::string_view hardware) {
  return TrainModel::Create(spec, cluster::Catalogue::BuiltIn()->ParseHardware(hardware).value(), 0).value();
}

TEST(TrainStates, ZeroSharesWhatItsPaperSays) {
  // 7.5 B parameters on 64 cards: 120, 31.4, 16.6 and 1.9 GB (Rajbhandari et al. 2020, figure 1).
  const int64_t totals[] = {120000000000, 31406250000, 16640625000, 1875000000};
  for (int64_t stage = 0; stage < 4; ++stage) {
    const TrainStates s = StatesOf(7500000000, stage, 64);
    EXPECT_EQ(s.weights + s.gradients + s.optimizer, totals[stage]) << stage;
  }
}

TEST(TrainModel, ActivationsAreKorthikantis) {
  const WorkloadSpec spec = Gpt(96, 12288, 96);
  const TrainModel model = Model(spec, "64xA100-80G");
  ParallelPlan p{.tp = 8, .pp = 8, .global_batch = 64, .micro_batch = 1, .seq = 2048, .sequence_parallel = true, .virtual_stages = 3};
  p.recompute = Recompute::kSelective;
  ASSERT_TRUE(model.Check(p).ok());
  EXPECT_EQ(model.Predict(p).memory.activations, 13262389248);
  p.recompute = Recompute::kNone;
  EXPECT_EQ(model.Predict(p).memory.activations, 44468011008);
  p.recompute = Recompute::kFull;
  EXPECT_EQ(model.Predict(p).memory.activations, 780140544);
  p.flash_attention = true;
  p.recompute = Recompute::kNone;
  EXPECT_LT(model.Predict(p).memory.activations, 14000000000);
}

TEST(TrainModel, PlansThatMakeNoSenseAreRefused) {
  const TrainModel model = Model(Gpt(24, 2304, 24), "16xA100-80G");
  auto why = [&](ParallelPlan p) {
    p.seq = p.seq == 0 ? 2048 : p.seq;
    const Status status = model.Check(p);
    return status.ok() ? std::string() : status.message();
  };
  EXPECT_EQ(why({.dp = 16, .global_batch = 64}), "");
  EXPECT_THAT(why({.dp = 8, .global_batch = 64}), HasSubstr("are 8 cards, the cluster has 16"));
  EXPECT_THAT(why({.tp = 16, .global_batch = 64}), HasSubstr("does not divide 24 heads"));
  EXPECT_THAT(why({.dp = 16, .global_batch = 60}), HasSubstr("does not divide global_batch"));
  EXPECT_THAT(why({.dp = 16, .global_batch = 64, .virtual_stages = 2}), HasSubstr("needs a pipeline"));
  EXPECT_THAT(why({.pp = 16, .global_batch = 64, .virtual_stages = 2}), HasSubstr("more than 24 layers"));
  EXPECT_THAT(why({.dp = 4, .cp = 4, .global_batch = 64, .seq = 2049}), HasSubstr("does not divide seq"));
  EXPECT_THAT(why({.dp = 16, .ep = 2, .global_batch = 64}), HasSubstr("experts"));
  EXPECT_EQ(why({.dp = 2, .tp = 4, .pp = 2, .global_batch = 64}), "");
}

TEST(TrainModel, NothingIsFasterThanItsBound) {
  const TrainModel model = Model(Gpt(32, 4096, 32), "64xA100-80G");
  for (int64_t tp : {1, 2, 8}) {
    for (int64_t pp : {1, 2, 4}) {
      for (int64_t batch : {1, 2, 4}) {
        for (int64_t zero : {0, 1, 3}) {
          for (bool flash : {false, true}) {
            ParallelPlan p{.dp = 64 / tp / pp, .tp = tp, .pp = pp, .zero = zero, .global_batch = 256, .micro_batch = batch,
                           .seq = 2048, .flash_attention = flash};
            ASSERT_TRUE(model.Check(p).ok());
            EXPECT_LE(model.LeastSeconds(p), model.Predict(p).step_s);
            EXPECT_LT(model.Predict(p).mfu, 1);
          }
        }
      }
    }
  }
}

TEST(TrainModel, RecomputeSavesMemoryAndCostsTime) {
  const TrainModel model = Model(Gpt(48, 6144, 64), "8xA100-80G");
  ParallelPlan p{.tp = 8, .global_batch = 4, .micro_batch = 4, .seq = 2048, .sequence_parallel = true};
  const TrainPrediction none = model.Predict(p);
  p.recompute = Recompute::kSelective;
  const TrainPrediction selective = model.Predict(p);
  p.recompute = Recompute::kFull;
  const TrainPrediction full = model.Predict(p);
  EXPECT_LT(none.step_s, selective.step_s);
  EXPECT_LT(selective.step_s, full.step_s);
  EXPECT_GT(none.memory.total(), selective.memory.total());
  EXPECT_GT(selective.memory.total(), full.memory.total());
}

}  // namespace
}  // namespace pano::planner
