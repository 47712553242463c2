#include "pano/bench/shape.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "base/env.h"
#include "base/strings.h"
#include "model/format/weights.h"
#include "pano/bench/tensor_list.h"

namespace pano::bench {
namespace {

using ::testing::HasSubstr;

class ShapeTest : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string File(const std::string& name, std::string_view text) {
    const std::string path = JoinPath(folder_, name);
    EXPECT_TRUE(WriteFile(path, text).ok());
    return path;
  }
  // Why the shape with this text cannot be, or "".
  std::string Refusal(std::string_view text) {
    auto files = ReadShape(File("shape.json", text));
    if (!files.ok()) return files.error().message();
    return ListTensors(*files).error().message();
  }
  const std::string folder_ = StrCat(::testing::TempDir(), "pano_shape_", ::getpid());
};

TEST_F(ShapeTest, BuiltInOnesAreWhatWasPublished) {
  EXPECT_EQ(ShapeNames(), "llama-110m, llama-3.2-1b, minilm-l6, qwen2.5-0.5b");
  const std::pair<const char*, int64_t> kParameters[] = {{"llama-110m", 109'529'856},
                                                         {"llama-3.2-1b", 1'235'814'400},
                                                         {"minilm-l6", 22'565'376},
                                                         {"qwen2.5-0.5b", 494'032'768}};
  for (const auto& [name, parameters] : kParameters) {
    auto files = ReadShape(name);
    ASSERT_TRUE(files.ok()) << files.error().ToString();
    auto tensors = ListTensors(*files);
    ASSERT_TRUE(tensors.ok()) << tensors.error().ToString();
    int64_t sum = 0;
    for (const ModelTensor& tensor : *tensors) sum += tensor::ElementCount(tensor.shape).value();
    EXPECT_EQ(sum, parameters) << name;
  }
}

TEST_F(ShapeTest, IsTheSameInTheSourceTree) {
  for (const BuiltInShape& shape : BuiltInShapes()) {
    auto text = ReadFile(StrCat(PANO_SOURCE_DIR "/bench/shapes/", shape.name, ".json"));
    ASSERT_TRUE(text.ok());
    EXPECT_EQ(*text, shape.config);
  }
}

TEST_F(ShapeTest, ComesFromAFileOrAFolder) {
  const std::string path = File("config.json", R"({"model_type":"llama"})");
  for (const std::string& from : {path, folder_}) {
    auto files = ReadShape(from);
    ASSERT_TRUE(files.ok()) << files.error().ToString();
    EXPECT_EQ(files->path, path);
    EXPECT_EQ(files->config.Find("model_type")->as_string(), "llama");
  }
}

TEST_F(ShapeTest, RefusesWhatIsNone) {
  EXPECT_THAT(ReadShape("no-such").error().message(), HasSubstr("qwen2.5-0.5b"));
  EXPECT_THAT(Refusal("{"), HasSubstr("shape.json"));
  EXPECT_THAT(Refusal("[1]"), HasSubstr("no JSON object"));
  EXPECT_THAT(Refusal("{}"), HasSubstr("model_type"));
  EXPECT_THAT(Refusal(R"({"model_type":"llama","vocab_size":64})"), HasSubstr("hidden_size"));
  EXPECT_THAT(Refusal(R"({"model_type":"tapas"})"), HasSubstr("tapas"));
  const std::string sizes =
      R"("num_attention_heads":4,"vocab_size":64,"intermediate_size":8,"hidden_size":)";
  EXPECT_NE(
      Refusal(StrCat(R"({"model_type":"llama","num_hidden_layers":2,)", sizes, "9000000000000}")),
      "");
  EXPECT_NE(Refusal(StrCat(R"({"model_type":"llama","num_hidden_layers":2,)", sizes, "-8}")), "");
  EXPECT_NE(Refusal(StrCat(R"({"model_type":"llama","num_hidden_layers":100000,)", sizes, "64}")),
            "");
  // A few bytes that ask for hundreds of millions of tensors.
  EXPECT_THAT(Refusal(StrCat(R"({"model_type":"qwen3_moe","num_hidden_layers":4096,
                                 "num_experts":60000,"num_experts_per_tok":1,
                                 "moe_intermediate_size":8,)",
                             sizes, "64}")),
              ::testing::AnyOf(HasSubstr("tensors"), HasSubstr("num_experts")));
}

TEST_F(ShapeTest, RefusesEncodersThatTakeNoText) {
  EXPECT_THAT(Refusal(R"({"model_type":"vit","architectures":["ViTModel"],"hidden_size":64,
                          "num_hidden_layers":2,"num_attention_heads":4,"intermediate_size":64,
                          "image_size":32,"patch_size":16,"num_channels":3})"),
              HasSubstr("only encoders of texts"));
}

}  // namespace
}  // namespace pano::bench
