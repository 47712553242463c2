#include "model/nn/families/family.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/strings.h"
#include "model/format/weights.h"

namespace pano::nn {
namespace {

using ::testing::HasSubstr;

// A config.json of four layers with what every family asks for, and `more`.
Result<FamilyConfig> Read(std::string_view type, std::string_view more = "") {
  format::ModelFiles files;
  files.path = "folder";
  files.config =
      json::Parse(StrCat(R"({"model_type":")", type, R"(","vocab_size":64,"hidden_size":64,)",
                         R"("num_hidden_layers":4,"num_attention_heads":8)", more, "}"))
          .value();
  return ReadFamilyConfig(files);
}

ModelConfig Config(std::string_view type, std::string_view more = "") {
  auto family = Read(type, more);
  EXPECT_TRUE(family.ok()) << family.error().ToString();
  return family.ok() ? family->config : ModelConfig();
}

// What a file leaves out is what the original takes for it, and null is not absence.
TEST(Family, KeysThatAreLeftOutMeanWhatTheOriginalTakes) {
  EXPECT_EQ(Config("mistral").layers[0].window, 4096);
  EXPECT_EQ(Config("mistral", R"(,"sliding_window":null)").layers[0].window, 0);
  EXPECT_EQ(Config("mixtral").layers[0].window, 0);
  EXPECT_FLOAT_EQ(Config("mixtral").norm_epsilon, 1e-5f);
  EXPECT_EQ(Config("mixtral").rope.theta, 1e6);

  const ModelConfig gemma2 = Config("gemma2");
  EXPECT_EQ(gemma2.head_dim, 256);
  EXPECT_EQ(gemma2.kv_head_count, 4);
  EXPECT_FLOAT_EQ(gemma2.attention_softcap, 50.0f);
  EXPECT_FLOAT_EQ(gemma2.final_softcap, 30.0f);
  EXPECT_TRUE(gemma2.tied_embeddings);
  EXPECT_EQ(gemma2.layers[0].window, 4096);
  EXPECT_EQ(gemma2.layers[1].window, 0);
  const ModelConfig uncapped =
      Config("gemma2", R"(,"attn_logit_softcapping":null,"final_logit_softcapping":null)");
  EXPECT_EQ(uncapped.attention_softcap, 0.0f);
  EXPECT_EQ(uncapped.final_softcap, 0.0f);

  EXPECT_EQ(Config("phi").rope.dim, 4);  // half of a head of 8
  EXPECT_EQ(Config("stablelm").rope.dim, 2);
  EXPECT_EQ(Config("gpt_neox").rope.dim, 2);
  EXPECT_EQ(Config("qwen3").head_dim, 128);
  EXPECT_EQ(Config("falcon").kv_head_count, 1);
}

// Dynamic scaling was of no effect: the context ended where it begins.
TEST(Family, ScalingsReachBeyondTheContextOfTraining) {
  const auto context = [](const char* scaling) {
    return Config("llama", StrCat(R"(,"max_position_embeddings":256,"rope_scaling":)", scaling))
        .context_length;
  };
  EXPECT_EQ(context("null"), 256);
  EXPECT_EQ(context(R"({"type":"dynamic","factor":4.0})"), 1024);
  EXPECT_EQ(context(R"({"rope_type":"dynamic","factor":0.5})"), 256);
  EXPECT_EQ(context(R"({"rope_type":"yarn","factor":8.0,"original_max_position_embeddings":128})"), 1024);
}

TEST(Family, SlidingLayersAreThoseOfTheFileElseOfTheFamily) {
  auto windows = [](const ModelConfig& config) {
    std::vector<int64_t> out;
    for (const LayerConfig& layer : config.layers) out.push_back(layer.window);
    return out;
  };
  using List = std::vector<int64_t>;
  EXPECT_EQ(windows(Config("qwen2", R"(,"sliding_window":9,"max_window_layers":1)")),
            (List{0, 0, 0, 0}));
  EXPECT_EQ(windows(Config("qwen2", R"(,"use_sliding_window":true,"sliding_window":9,
                                        "max_window_layers":1)")),
            (List{0, 9, 9, 9}));
  EXPECT_EQ(windows(Config("gemma3_text", R"(,"sliding_window":9,"sliding_window_pattern":3)")),
            (List{9, 9, 0, 9}));
  EXPECT_EQ(windows(Config("gemma3_text", R"(,"sliding_window":9,"layer_types":["full_attention",
                           "sliding_attention","full_attention","full_attention"])")),
            (List{0, 9, 0, 0}));
}

TEST(Family, RefusesWhatWouldComputeSomethingElse) {
  auto message = [](std::string_view type, std::string_view more) {
    auto family = Read(type, more);
    return family.ok() ? std::string("accepted") : family.error().message();
  };
  EXPECT_THAT(message("gemma2", R"(,"use_bidirectional_attention":true)"),
              HasSubstr("use_bidirectional_attention = true is not supported"));
  EXPECT_THAT(message("qwen2", R"(,"use_sliding_window":true,"sliding_window":9,
                                   "layer_types":["chunked_attention","full_attention",
                                                  "full_attention","full_attention"])"),
              HasSubstr("layer_types[0] = \"chunked_attention\" is not supported"));
  EXPECT_THAT(message("llama", R"(,"quantization_config":{"quant_method":"gptq"})"),
              HasSubstr("quantization_config is not supported"));
  EXPECT_THAT(message("deepseek_v2", R"(,"n_routed_experts":4,"num_experts_per_tok":2,
                                         "scoring_func":"sigmoid")"),
              HasSubstr("scoring_func = \"sigmoid\" is not supported"));
  EXPECT_THAT(message("mixtral", R"(,"num_local_experts":2,"num_experts_per_tok":3)"),
              HasSubstr("3 of 2 experts"));
  EXPECT_THAT(message("gpt2", R"(,"n_embd":64,"n_layer":2,"n_head":4,"add_cross_attention":true)"),
              HasSubstr("add_cross_attention"));
}

}  // namespace
}  // namespace pano::nn
