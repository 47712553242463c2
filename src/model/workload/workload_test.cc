#include "model/workload/workload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pano::workload {
namespace {

using ::testing::HasSubstr;

Result<planner::WorkloadSpec> Shape(std::string_view text) {
  PANO_ASSIGN_OR_RETURN(const json::Value config, ShapeConfig(text));
  return FromConfig(config, std::string(text));
}

TEST(Workload, ShapesBecomeModels) {
  const auto spec = Shape("layers=32,hidden=4096,heads=32,kv-heads=8,ffn=14336,vocab=128256,context=8192");
  ASSERT_TRUE(spec.ok()) << spec.error().ToString();
  EXPECT_EQ(spec->parameters(), 8030261248);   // Llama 3.1 8B
  EXPECT_EQ(spec->kv.size(), 1u);
  EXPECT_EQ(spec->kv[0].values_per_token(), 2048);
  const auto experts = Shape("layers=32,hidden=4096,heads=32,kv-heads=8,ffn=14336,vocab=32000,experts=8,experts-used=2");
  ASSERT_TRUE(experts.ok()) << experts.error().ToString();
  EXPECT_EQ(experts->parameters(), 46702792704);   // Mixtral 8x7B
  EXPECT_EQ(experts->active_parameters(), 12879925248);
}

TEST(Workload, CountsBecomeModelsOfAboutThatSize) {
  for (const auto& [text, count] : {std::pair{"350M", 0.35e9}, {"7B", 7e9}, {"70b", 70e9}, {"175B", 175e9}, {"1T", 1e12}}) {
    const auto spec = Shape(text);
    ASSERT_TRUE(spec.ok()) << text << " " << spec.error().ToString();
    EXPECT_NEAR(static_cast<double>(spec->parameters()) / count, 1, 0.1) << text;
  }
}

TEST(Workload, ShapesThatLieAreRefused) {
  for (const auto& [text, words] :
       {std::pair{"layers=0,hidden=1,heads=1", "layers"}, {"layers=1000000000,hidden=64,heads=1", "num_hidden_layers"},
        {"layers=2,hidden=64", "heads is missing"}, {"layers=2,layers=3,hidden=64,heads=1", "stands twice"},
        {"layer=2,hidden=64,heads=1", "did you mean 'layers'"}, {"0.0001M", "from 10M to 10T"}, {"99999999T", "from 10M to 10T"},
        {"layers=2,hidden=99999999999999999999,heads=1", "hidden"}, {"layers=2,hidden=64,heads=3", "heads"},
        {"layers=4096,hidden=16777216,heads=65536,ffn=16777216", "larger than any memory"}}) {
    const auto spec = Shape(text);
    ASSERT_FALSE(spec.ok()) << text;
    EXPECT_THAT(spec.error().message(), HasSubstr(words)) << text;
  }
  EXPECT_FALSE(LooksLikeShape("models/starter"));
  EXPECT_FALSE(LooksLikeShape("a=b/c"));
  EXPECT_THAT(ReadWorkload("/nowhere/at/all").error().message(), HasSubstr("it is no shape"));
  EXPECT_FALSE(FromConfig(json::Value("x"), "c").ok());
  const auto lies = FromConfig(json::Parse(R"({"model_type":"llama","vocab_size":10,"hidden_size":-4})").value(), "a/small.json");
  EXPECT_THAT(lies.error().message(), testing::StartsWith("a/small.json: hidden_size is -4"));
}

TEST(Workload, TheStarterModelIsReadWithItsBytes) {
  const auto spec = ReadWorkload(PANO_SOURCE_DIR "/models/starter");
  ASSERT_TRUE(spec.ok()) << spec.error().ToString();
  EXPECT_GT(spec->parameters(), 1000000);
  ASSERT_TRUE(spec->stored_bytes);
  EXPECT_GT(*spec->stored_bytes, 0);
}

TEST(Workload, TypesHaveTheSizesOfTheirBlocks) {
  EXPECT_EQ(StorageTypeByName("q4_k")->block_bytes, 144);
  EXPECT_EQ(StorageTypeByName("Q4_0")->block_values, 32);
  EXPECT_EQ(StorageTypeByName("fp8")->block_bytes, 1);
  EXPECT_THAT(StorageTypeByName("q9").error().message(), HasSubstr("'q9' is no type of weights"));
}

}  // namespace
}  // namespace pano::workload
