#include "app/models/model_facts.h"

#include <gtest/gtest.h>

#include <string>

#include "base/env.h"
#include "base/random.h"
#include "base/strings.h"
#include "model/format/weights.h"

namespace pano::models {
namespace {

class TwoTensors final : public format::Weights {
 public:
  const tensor::TensorView* Find(std::string_view name) const override { return name == "a" ? &a_ : &b_; }
  std::vector<std::string> Names() const override { return {"a", "b"}; }
  size_t FileBytes() const override { return 0; }

 private:
  const tensor::TensorView a_{tensor::DType::kF32, {2, 3}, nullptr, 24};
  const tensor::TensorView b_{tensor::DType::kQ8_0, {4, 32}, nullptr, 136};
};

TEST(ModelFacts, AreReadFromEitherKindOfFiles) {
  format::ModelFiles files;
  files.weights = std::make_shared<TwoTensors>();
  files.config = json::Parse(R"({"model_type":"llama","hidden_size":64})").value();
  ModelFacts facts = FactsOf(files);
  EXPECT_EQ(facts.architecture, "llama");
  EXPECT_EQ(facts.format, "safetensors");
  EXPECT_EQ(facts.parameters, 134);
  EXPECT_EQ(facts.weight_type, "Q8_0");
  EXPECT_EQ(facts.embedding_length, 64);

  files.kind = format::ModelFiles::Kind::kGguf;
  files.metadata = json::Parse(R"({"general.architecture":"qwen2","qwen2.embedding_length":128})").value();
  facts = FactsOf(files);
  EXPECT_EQ(facts.architecture, "qwen2");
  EXPECT_EQ(facts.format, "gguf");
  EXPECT_EQ(facts.embedding_length, 128);
}

TEST(ModelFacts, LineageIsReadLessTheRecipe) {
  const std::string folder = StrCat(::testing::TempDir(), "/model_facts_test_", RandomHex(6));
  ASSERT_TRUE(Env::Real().MakeFolder(folder).ok());
  format::ModelFiles files;
  files.path = folder;
  EXPECT_TRUE(FactsOf(files).lineage.is_null());
  ASSERT_TRUE(WriteFile(folder + "/lineage.json", R"({"format":"pano-lineage-1","data_version":"d","recipe":"task: lm"})").ok());
  EXPECT_EQ(json::Dump(FactsOf(files).lineage), R"({"format":"pano-lineage-1","data_version":"d"})");
  ASSERT_TRUE(WriteFile(folder + "/lineage.json", "[1").ok());
  EXPECT_TRUE(FactsOf(files).lineage.is_null());
  ASSERT_TRUE(Env::Real().RemoveTree(folder).ok());
}

TEST(ModelFacts, WhatIsNotSaidIsNotKnown) {
  format::ModelFiles files;
  files.config = json::Parse(R"({"model_type":7,"hidden_size":"wide"})").value();
  const ModelFacts facts = FactsOf(files);
  EXPECT_EQ(facts.architecture, "");
  EXPECT_EQ(facts.embedding_length, 0);
  EXPECT_EQ(facts.weight_type, "");
}

TEST(ModelFacts, ParametersInUnits) {
  EXPECT_EQ(ParametersText(0), "");
  EXPECT_EQ(ParametersText(999), "999");
  EXPECT_EQ(ParametersText(135'200), "135K");
  EXPECT_EQ(ParametersText(2'430'000), "2.4M");
  EXPECT_EQ(ParametersText(8'030'000'000), "8.0B");
}

}  // namespace
}  // namespace pano::models
