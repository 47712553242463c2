#include "model/workload/described_families.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "infra/planner/serve_model.h"
#include "model/workload/workload.h"

namespace pano::workload {
namespace {

using ::testing::HasSubstr;

json::Value Config(const char* text) { return json::Parse(text).value(); }

constexpr const char* kLatent = R"({"model_type":"deepseek_v3","hidden_size":8,"num_hidden_layers":3,"num_attention_heads":2,
  "num_key_value_heads":2,"intermediate_size":16,"vocab_size":10,"max_position_embeddings":64,"hidden_act":"silu","q_lora_rank":4,"kv_lora_rank":6,
  "qk_nope_head_dim":4,"qk_rope_head_dim":2,"v_head_dim":4,"moe_intermediate_size":5,"n_routed_experts":4,"n_shared_experts":1,"num_experts_per_tok":2,
  "first_k_dense_replace":1,"scoring_func":"sigmoid","topk_method":"noaux_tc","norm_topk_prob":true,"n_group":2,"topk_group":1,
  "num_nextn_predict_layers":1,"quantization_config":{"quant_method":"fp8"}})";

TEST(DescribedFamilies, LatentAttentionWithABiasOfTheRouter) {
  const auto spec = FromConfig(Config(kLatent), "here");
  ASSERT_TRUE(spec.ok()) << spec.error().ToString();
  // q_a, its norm, q_b; kv_a, its norm, kv_b; output; two norms of the layer.
  const int64_t attention = 8 * 4 + 4 + 12 * 4 + 8 * 8 + 6 + 16 * 6 + 8 * 8 + 2 * 8;
  const int64_t dense = 3 * 8 * 16, experts = 4 * 8 + 4 + (4 + 1) * 3 * 5 * 8;
  EXPECT_EQ(spec->parameters(), 2 * 10 * 8 + 8 + 3 * attention + dense + 2 * experts);
  EXPECT_EQ(spec->active_parameters(), spec->parameters() - 2 * 2 * 3 * 5 * 8);
  ASSERT_EQ(spec->kv.size(), 1u);
  EXPECT_EQ(spec->kv[0].values_per_token(), 6 + 2);
  EXPECT_EQ(spec->type.name, "fp8");
  EXPECT_THAT(spec->note, HasSubstr("pano serve does not run"));
}

TEST(DescribedFamilies, SinksBiasesAndWindows) {
  const auto spec = FromConfig(Config(R"({"model_type":"gpt_oss","hidden_size":8,"num_hidden_layers":2,"num_attention_heads":4,"num_key_value_heads":2,
    "head_dim":4,"intermediate_size":6,"vocab_size":10,"max_position_embeddings":256,"attention_bias":true,"sliding_window":32,"num_local_experts":4,
    "num_experts_per_tok":2,"layer_types":["sliding_attention","full_attention"],"swiglu_limit":7.0,"rope_scaling":{"rope_type":"odd"},
    "quantization_config":{"quant_method":"mxfp4"}})"), "here");
  ASSERT_TRUE(spec.ok()) << spec.error().ToString();
  const int64_t attention = 16 * 8 * 2 + 2 * 8 * 8 + 16 + 8 + 8 + 8 + 4, expert = 3 * 6 * 8 + 6 + 6 + 8;
  EXPECT_EQ(spec->parameters(), 2 * 10 * 8 + 8 + 2 * (2 * 8 + attention + 4 * 8 + 4 + 4 * expert));
  EXPECT_EQ(spec->active_parameters(), spec->parameters() - 2 * 2 * expert);
  EXPECT_EQ(planner::KvBytes(*spec, StorageTypeByName("f16").value(), 0, 256, 1), 2 * 16 * (256 + 64));
  EXPECT_EQ(spec->type.name, "bf16");   // some matrices only are smaller: never less than there is
}

TEST(DescribedFamilies, FieldsThatLieAreNamed) {
  json::Value config = Config(kLatent);
  config.Set("n_routed_experts", int64_t{1} << 40);
  const auto spec = FromConfig(config, "here");
  ASSERT_FALSE(spec.ok());
  EXPECT_THAT(spec.error().message(), HasSubstr("n_routed_experts"));
  EXPECT_FALSE(FromConfig(Config(R"({"model_type":"gpt_oss"})"), "here").ok());
  EXPECT_FALSE(IsDescribedFamily(json::Value("gpt_oss")));
  EXPECT_FALSE(IsDescribedFamily(Config(R"({"model_type":"llama"})")));
}

}  // namespace
}  // namespace pano::workload
