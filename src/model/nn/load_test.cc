#include "model/nn/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/threads.h"
#include "infra/device/cpu_device.h"
#include "model/nn/testing/tiny_model.h"

namespace pano::nn {
namespace {

using ::testing::HasSubstr;
using testing::TinyModel;

Status LoadStatus(const TinyModel& tiny) {
  ComputePool pool(1);
  return LoadModel(tiny.files, {}, pool).error();
}

TEST(Load, BuildsAModelThatKnowsItsSizes) {
  TinyModel tiny;
  ComputePool pool(1);
  auto model = LoadModel(tiny.files, {}, pool);
  ASSERT_TRUE(model.ok()) << model.error().ToString();
  EXPECT_EQ((*model)->vocab_size(), TinyModel::kVocab);
  EXPECT_EQ((*model)->context_length(), TinyModel::kContext);
  // Two layers, keys and values, two heads of 20 floats, 32 tokens.
  EXPECT_EQ((*model)->state_layout().bytes_per_block(), 2u * 2 * 2 * 20 * 4 * 32);
}

TEST(Load, NamesWhatIsMissingOrWrong) {
  TinyModel tiny;
  tiny.weights->Remove("model.layers.1.mlp.up_proj.weight");
  EXPECT_THAT(LoadStatus(tiny).message(),
              HasSubstr("tensor model.layers.1.mlp.up_proj.weight is missing"));

  TinyModel config;
  config.files.config = {};
  EXPECT_EQ(LoadStatus(config).code(), StatusCode::kNotFound);
  EXPECT_THAT(LoadStatus(config).message(), HasSubstr("config.json: no such file"));

  TinyModel shape;
  shape.files.config.Set("intermediate_size", 41);
  EXPECT_THAT(LoadStatus(shape).message(), HasSubstr("has shape [40, 48], the configuration says"));

  TinyModel heads;
  heads.files.config.Set("num_key_value_heads", 3);
  EXPECT_THAT(LoadStatus(heads).message(), HasSubstr("no multiple of 3"));

  TinyModel zero;
  zero.files.config.Set("num_attention_heads", 0);
  EXPECT_THAT(LoadStatus(zero).message(), HasSubstr("num_attention_heads is 0"));
}

TEST(Load, RefusesByNameWhatItDoesNotKnow) {
  TinyModel other;
  other.files.config.Set("model_type", "mamba");
  EXPECT_EQ(LoadStatus(other).code(), StatusCode::kUnimplemented);
  EXPECT_THAT(LoadStatus(other).message(), HasSubstr("'mamba' is not supported"));

  TinyModel act;
  act.files.config.Set("hidden_act", "mish");
  EXPECT_EQ(LoadStatus(act).code(), StatusCode::kUnimplemented);

  TinyModel rope;
  rope.files.config.Set("rope_scaling", *json::Parse(R"({"rope_type":"xpos","factor":4.0})"));
  EXPECT_THAT(LoadStatus(rope).message(), HasSubstr("'xpos' is not supported"));

  TinyModel option;
  option.files.config.Set("rope_scaling",
                          *json::Parse(R"({"rope_type":"linear","factor":4.0,"twist":1})"));
  EXPECT_THAT(LoadStatus(option).message(), HasSubstr("unknown key twist"));

  // A tensor that nothing would multiply with changes what the model computes.
  TinyModel extra;
  extra.weights->Add("model.layers.0.self_attn.q_norm.weight", {TinyModel::kHeadDim},
                     std::vector<float>(TinyModel::kHeadDim));
  EXPECT_THAT(LoadStatus(extra).message(),
              HasSubstr("q_norm.weight belongs to nothing that architecture 'llama'"));
}

TEST(Load, RunsOnTheDeviceThatIsNamed) {
  // A device of a kind that this build has no operators for.
  class Npu final : public device::Device {
   public:
    device::DeviceKind kind() const override { return device::DeviceKind::kSimulated; }
    std::string name() const override { return "npu:0"; }
    uint64_t capabilities() const override { return 0; }
    uint64_t memory_bytes() const override { return 0; }
    Result<device::Buffer> Allocate(size_t) override { return Internal("unused"); }
  };
  TinyModel tiny;
  ComputePool pool(1);
  LoadOptions options;
  options.device = std::make_shared<device::CpuDevice>();
  EXPECT_TRUE(LoadModel(tiny.files, options, pool).ok());
  options.device = std::make_shared<Npu>();
  auto model = LoadModel(tiny.files, options, pool);
  ASSERT_FALSE(model.ok());
  EXPECT_EQ(model.error().code(), StatusCode::kUnimplemented);
  EXPECT_THAT(model.error().message(), HasSubstr("device npu:0: no operators for kind simulated"));
}

TEST(Load, ReadsBeginEndAndSamplingDefaults) {
  TinyModel tiny;
  tiny.files.config.Set("bos_token_id", 1);
  tiny.files.config.Set("eos_token_id", 2);
  tiny.files.generation_config =
      *json::Parse(R"({"eos_token_id":[7,8,7],"temperature":0.6,"top_k":20,"do_sample":true})");
  SpecialTokens special = ReadSpecialTokens(tiny.files);
  EXPECT_EQ(special.begin, 1);
  EXPECT_EQ(special.end, (std::vector<TokenId>{7, 8}));
  GenerationDefaults defaults = ReadGenerationDefaults(tiny.files);
  EXPECT_EQ(defaults.temperature, 0.6);
  EXPECT_EQ(defaults.top_k, 20);
  EXPECT_FALSE(defaults.top_p);
}

}  // namespace
}  // namespace pano::nn
