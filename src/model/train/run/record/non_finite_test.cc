#include "model/train/run/record/non_finite.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace pano::train {
namespace {

TEST(CountNonFinite, TellsNanFromInfinity) {
  const std::vector<float> values = {0, -0.0F, std::numeric_limits<float>::max(),
                                     std::numeric_limits<float>::denorm_min(), NAN, -NAN,
                                     INFINITY, -INFINITY, 1};
  const NonFiniteCount count = CountNonFinite(values);
  EXPECT_EQ(count.nan, 2);
  EXPECT_EQ(count.infinite, 2);
  EXPECT_EQ(count.of, 9);
  EXPECT_FALSE(CountNonFinite(std::span(values).first(4)).any());
}

TEST(LayerOfName, IsTheFirstNumber) {
  EXPECT_EQ(LayerOfName("model.layers.3.mlp.down_proj.weight"), 3);
  EXPECT_EQ(LayerOfName("h.11.attn.c_attn.weight"), 11);
  EXPECT_EQ(LayerOfName("encoder.layer.0.output.dense.weight"), 0);
  EXPECT_EQ(LayerOfName("lm_head.weight"), std::nullopt);
  EXPECT_EQ(LayerOfName("fc2.weight"), std::nullopt);
}

TEST(NonFiniteLoss, NamesStepLayerAndWhatStands) {
  const Status status = NonFiniteLoss({.step = 7, .loss = NAN, .place = "model.layers.3.x.weight",
                                       .kind = "gradient", .count = {2, 1, 64},
                                       .last_checkpoint = 5});
  EXPECT_EQ(status.reason(), "non_finite_loss");
  EXPECT_EQ(status.message(),
            "step 7: the loss is NaN; first in layer 3, gradient of model.layers.3.x.weight (2 NaN "
            "and 1 infinite of 64 values); the checkpoint of step 5 stands; a lower optimizer.lr, a "
            "longer warm-up or optimizer.clip may help");
  const Status bare = NonFiniteLoss({.step = 1, .loss = INFINITY, .place = "", .kind = "",
                                     .count = {}});
  EXPECT_NE(bare.message().find("infinite"), std::string::npos);
  EXPECT_NE(bare.message().find("no checkpoint yet"), std::string::npos);
}

}  // namespace
}  // namespace pano::train
