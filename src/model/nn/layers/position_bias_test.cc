#include "model/nn/layers/position_bias.h"

#include <gtest/gtest.h>

#include <cmath>

#include "model/nn/model.h"
#include "model/nn/testing/random_model.h"

namespace pano::nn {
namespace {

// Rows of one span with the positions [0, count).
class Rows {
 public:
  Rows(const ModelConfig& config, size_t count) : rows_(config), tables_(1, block_) {
    span_.count = count;
    span_.tables = tables_;
    rows_.Reset({&span_, 1}, 1);
  }
  const PassRows& get() const { return rows_; }

 private:
  PassRows rows_;
  std::vector<BlockId> block_ = {0};
  std::vector<std::span<const BlockId>> tables_;
  RowSpan span_;
};

TEST(PositionBias, NoneWhereTheModelHasNone) {
  const ModelConfig config = testing::SmallConfig();
  EXPECT_EQ(PositionBias(config, {}, 0, 4).Get().kind, ops::ScoreBias::Kind::kNone);
}

TEST(PositionBias, AlibiHasASlopeForEachHead) {
  ModelConfig config = testing::SmallConfig();
  config.alibi = true;
  config.head_count = 8;
  const ModelConfig whole = config;
  PositionBias bias(whole, {}, 0, 8);
  const ops::ScoreBias all = bias.Get();
  ASSERT_EQ(all.kind, ops::ScoreBias::Kind::kByKey);
  const double scale = 1 / std::sqrt(12.0);
  for (size_t h = 0; h < 8; ++h) {
    // Powers of a half: exact in bfloat16.
    EXPECT_FLOAT_EQ(all.table[h * all.width + 4],
                    static_cast<float>(4 * std::exp2(-static_cast<double>(h + 1)) * scale));
    EXPECT_EQ(all.table[h * all.width], 0.0f);
  }
  // A rank's heads are the model's.
  config.head_count = 4;
  PositionBias second(config, {}, 4, 8);
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(second.Get().table[i * all.width + 9], all.table[(4 + i) * all.width + 9]);
  }
}

TEST(PositionBias, RelativeBucketsAreExactNearbyAndShareFarAway) {
  ModelConfig config = testing::SmallConfig();
  config.head_count = config.kv_head_count = 1;
  config.relative_buckets = 8;
  config.relative_distance = 16;
  config.causal = false;
  std::vector<float> by_bucket = {0, 1, 2, 3, 4, 5, 6, 7};
  PositionBias bias(config, by_bucket, 0, 1);
  Rows few(config, 3), many(config, 40);
  bias.Reset(few.get());
  EXPECT_EQ(bias.Get().reach, 2);
  bias.Reset(many.get());
  const ops::ScoreBias got = bias.Get();
  ASSERT_EQ(got.kind, ops::ScoreBias::Kind::kByDistance);
  auto at = [&](int64_t distance) { return got.table[distance + got.reach]; };
  EXPECT_EQ(at(0), 0.0f);
  EXPECT_EQ(at(-1), 1.0f);  // keys before the query: the first half of the buckets
  EXPECT_EQ(at(1), 5.0f);
  EXPECT_EQ(at(-39), 3.0f);
  EXPECT_EQ(at(-16), 3.0f);
  EXPECT_EQ(at(39), 7.0f);
  // It stays long enough for shorter passes.
  bias.Reset(few.get());
  EXPECT_EQ(bias.Get().reach, got.reach);
}

}  // namespace
}  // namespace pano::nn
