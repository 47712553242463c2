#include "model/nn/weights/tensor_inventory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "model/nn/model_config.h"

namespace pano::nn {
namespace {

using ::testing::HasSubstr;
using Role = TensorRole;

// Two layers, eight heads of 16 in pairs over four key/value heads.
ModelConfig Config() {
  ModelConfig c;
  c.vocab_size = 100;
  c.hidden_size = 64;
  c.layer_count = 2;
  c.head_count = 8;
  c.kv_head_count = 4;
  c.head_dim = 16;
  c.ffn_size = 96;
  c.context_length = 128;
  c.rope.dim = 16;
  c.layers.assign(2, {});
  return c;
}

std::vector<TensorEntry> Describe(const ModelConfig& config) {
  auto entries = DescribeTensors(config);
  EXPECT_TRUE(entries.ok()) << entries.error().ToString();
  return entries.ok() ? *entries : std::vector<TensorEntry>();
}

const TensorEntry* Find(const std::vector<TensorEntry>& entries, Role role, int32_t layer = -1,
                        TensorPart part = TensorPart::kWeight, int32_t expert = -1) {
  const auto it = std::ranges::find_if(entries, [&](const TensorEntry& entry) {
    return entry.role == role && entry.layer == layer && entry.part == part &&
           entry.expert == expert;
  });
  return it == entries.end() ? nullptr : &*it;
}

TEST(TensorInventory, HasEveryTensorOfAPlainDecoderOnce) {
  const auto entries = Describe(Config());
  // embedding; 2 layers of 2 norms, q k v o, gate up down; final norm; head; 3 rotary factors.
  EXPECT_EQ(entries.size(), 1u + 2 * 9 + 1 + 1 + 3);
  for (size_t i = 0; i < entries.size(); ++i) {
    const TensorEntry& e = entries[i];
    EXPECT_EQ(Find(entries, e.role, e.layer, e.part, e.expert), &e) << i;
  }
  EXPECT_EQ(Find(entries, Role::kQuery, 1)->shape, (tensor::Shape{128, 64}));
  EXPECT_EQ(Find(entries, Role::kValue, 1)->shape, (tensor::Shape{64, 64}));
  EXPECT_EQ(Find(entries, Role::kDown, 0)->shape, (tensor::Shape{64, 96}));
  EXPECT_EQ(Find(entries, Role::kQuery, 0, TensorPart::kBias), nullptr);
  const int64_t layer = 2 * 64 + 64 * (128 + 64 + 64) + 128 * 64 + 3 * 64 * 96;
  EXPECT_EQ(ParameterCount(entries), 2 * 100 * 64 + 2 * layer + 64);
}

TEST(TensorInventory, ATiedHeadIsTheEmbedding) {
  ModelConfig config = Config();
  config.tied_embeddings = true;
  const auto entries = Describe(config);
  EXPECT_TRUE(Find(entries, Role::kEmbedding)->linear);
  EXPECT_TRUE(Find(entries, Role::kHead)->optional);
  EXPECT_FALSE(Find(entries, Role::kHead)->linear);
  EXPECT_EQ(ParameterCount(Describe(Config())) - ParameterCount(entries), 100 * 64);
  const auto stack = DescribeStack(config);
  ASSERT_TRUE(stack.ok());
  EXPECT_FALSE(Find(*stack, Role::kEmbedding)->linear);
  EXPECT_EQ(Find(*stack, Role::kHead), nullptr);
  EXPECT_EQ(stack->back().role, Role::kFinalNorm);
}

TEST(TensorInventory, ATowerOverImagesHasNoEmbedding) {
  ModelConfig config = Config();
  config.vocab_size = 0;
  const auto stack = DescribeStack(config);
  ASSERT_TRUE(stack.ok());
  EXPECT_EQ(stack->front().role, Role::kAttentionNorm);
}

TEST(TensorInventory, ShardsKeepQueryHeadsWithTheirKeyHead) {
  ModelConfig config = Config();
  config.qkv_bias = config.output_bias = config.mlp_bias = true;
  const auto entries = Describe(config);
  const TensorEntry& q = *Find(entries, Role::kQuery, 0);
  EXPECT_EQ(q.shard, ShardAxis::kRows);
  EXPECT_EQ(q.shard_unit, 2 * 16);
  const TensorEntry& o = *Find(entries, Role::kAttentionOutput, 0);
  EXPECT_EQ(o.shard, ShardAxis::kColumns);
  EXPECT_EQ(o.shard_unit, 2 * 16);
  EXPECT_EQ(Find(entries, Role::kQuery, 0, TensorPart::kBias)->shard, ShardAxis::kRows);
  EXPECT_EQ(Find(entries, Role::kAttentionOutput, 0, TensorPart::kBias)->shard, ShardAxis::kNone);
  EXPECT_EQ(Find(entries, Role::kDown, 0, TensorPart::kBias)->shard, ShardAxis::kNone);
  EXPECT_EQ(Find(entries, Role::kAttentionNorm, 0)->shard, ShardAxis::kNone);
  // Rank 3 of 4 has query heads 6 and 7, and key head 3.
  EXPECT_EQ(ShardOf(q, 3, 4)->begin, 96);
  EXPECT_EQ(ShardOf(q, 3, 4)->count, 32);
  EXPECT_EQ(ShardOf(*Find(entries, Role::kKey, 0), 3, 4)->begin, 48);
  EXPECT_EQ(ShardOf(o, 3, 4)->begin, 96);
  EXPECT_FALSE(ShardOf(q, 0, 3).has_value());
  EXPECT_EQ(ShardOf(*Find(entries, Role::kFinalNorm), 1, 2)->count, 0);
}

// Ranks that divide what there is have together all of it, each part as large.
TEST(TensorInventory, ShardsCoverTheirAxis) {
  ModelConfig config = Config();
  config.qk_norm = QkNorm::kRow;
  config.experts.count = 4;
  config.experts.used = 2;
  config.experts.size = 32;
  config.experts.shared_size = 64;
  config.experts.shared_gate = true;
  config.layers[1].experts = true;
  int cut = 0;
  for (const TensorEntry& entry : Describe(config)) {
    if (entry.shard == ShardAxis::kNone) continue;
    const int64_t size = entry.shard == ShardAxis::kRows ? entry.shape.front() : entry.shape.back();
    EXPECT_EQ(size % entry.shard_unit, 0);
    int64_t covered = 0;
    for (int rank = 0; rank < 4; ++rank) {
      const auto range = ShardOf(entry, rank, 4);
      ASSERT_TRUE(range.has_value());
      EXPECT_EQ(range->begin, covered);
      covered += range->count;
    }
    EXPECT_EQ(covered, size);
    ++cut;
  }
  EXPECT_EQ(cut, 2 + 2 * 6 + 3 + 4 * 3 + 3);
}

TEST(TensorInventory, ExpertsAreEntriesAndRoutersStayExact) {
  ModelConfig config = Config();
  config.experts.count = 4;
  config.experts.used = 2;
  config.experts.size = 32;
  config.layers[1].experts = true;
  const auto entries = Describe(config);
  EXPECT_NE(Find(entries, Role::kGate, 0), nullptr);
  EXPECT_EQ(Find(entries, Role::kGate, 1), nullptr);
  EXPECT_EQ(Find(entries, Role::kExpertDown, 1, TensorPart::kWeight, 3)->shape,
            (tensor::Shape{64, 32}));
  EXPECT_FALSE(Find(entries, Role::kRouter, 1)->linear);
  EXPECT_TRUE(Find(entries, Role::kExpertUp, 1, TensorPart::kWeight, 0)->linear);
}

TEST(TensorInventory, LatentAttentionSharesItsKeys) {
  ModelConfig config = Config();
  config.latent = {.q_rank = 24, .kv_rank = 32, .nope_dim = 16, .rope_dim = 8};
  config.head_dim = 24;
  config.value_dim = 16;
  config.kv_head_count = config.head_count;
  const auto entries = Describe(config);
  EXPECT_EQ(Find(entries, Role::kQuery, 0), nullptr);
  EXPECT_EQ(Find(entries, Role::kLatentQueryUp, 0)->shape, (tensor::Shape{8 * 24, 24}));
  EXPECT_EQ(Find(entries, Role::kLatentKvDown, 0)->shard, ShardAxis::kNone);
  EXPECT_EQ(Find(entries, Role::kLatentKvUp, 0)->shard_unit, 32);
  EXPECT_EQ(Find(entries, Role::kAttentionOutput, 0)->shape, (tensor::Shape{64, 8 * 16}));
  config.latent->q_rank = 0;
  EXPECT_EQ(Find(Describe(config), Role::kQuery, 0)->shape, (tensor::Shape{8 * 24, 64}));
}

TEST(TensorInventory, BytesFollowTheTypes) {
  const auto entries = Describe(Config());
  const auto floats = WeightBytes(entries, [](const TensorEntry&) { return tensor::DType::kF32; });
  ASSERT_TRUE(floats.ok());
  EXPECT_EQ(*floats, 4u * static_cast<uint64_t>(ParameterCount(entries)));
  const auto mixed = WeightBytes(entries, [](const TensorEntry& entry) {
    return entry.linear ? tensor::DType::kQ8_0 : tensor::DType::kF32;
  });
  ASSERT_TRUE(mixed.ok());
  const int64_t matrices = 100 * 64 + 2 * (64 * (128 + 64 + 64) + 128 * 64 + 3 * 64 * 96);
  EXPECT_EQ(*mixed,
            static_cast<uint64_t>(matrices / 32 * 34 + 4 * (ParameterCount(entries) - matrices)));
  EXPECT_FALSE(WeightBytes(entries, [](const TensorEntry&) { return tensor::DType::kQ4_K; }).ok());
}

TEST(TensorInventory, RefusesMoreThanAnyModelHas) {
  ModelConfig config = Config();
  config.experts.count = 1 << 16;
  config.experts.used = 1;
  config.experts.size = 32;
  for (LayerConfig& layer : config.layers) layer.experts = true;
  auto entries = DescribeTensors(config);
  ASSERT_FALSE(entries.ok());
  EXPECT_EQ(entries.error().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(entries.error().ToString(), HasSubstr("tensors"));
}

}  // namespace
}  // namespace pano::nn
