#include "app/hub/file_choice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pano::hub {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(FileChoice, TakesOfAFolderWhatIsRead) {
  Result<FileChoice> choice = ChooseFiles(
      {".gitattributes", "LICENSE", "README.md", "config.json", "generation_config.json",
       "model.safetensors", "onnx/model.onnx", "original/consolidated.00.pth", "pytorch_model.bin",
       "tokenizer.json", "tokenizer_config.json", "additional_chat_templates/tool_use.jinja",
       "training_args.bin", "1_Pooling/config.json"},
      "");
  ASSERT_TRUE(choice.ok()) << choice.error().message();
  EXPECT_EQ(choice->open, "");
  EXPECT_EQ(choice->index, "");
  EXPECT_THAT(choice->files,
              ElementsAre("additional_chat_templates/tool_use.jinja", "config.json",
                          "generation_config.json", "model.safetensors", "tokenizer.json",
                          "tokenizer_config.json"));
}

TEST(FileChoice, TakesTheModulesOfASentenceEncoder) {
  Result<FileChoice> choice =
      ChooseFiles({"1_Pooling/config.json", "2_Dense/config.json", "2_Dense/model.safetensors",
                   "2_Dense/pytorch_model.bin", "config.json", "model.safetensors", "modules.json",
                   "sentence_bert_config.json", "vocab.txt"},
                  "");
  ASSERT_TRUE(choice.ok());
  EXPECT_THAT(choice->files,
              ElementsAre("1_Pooling/config.json", "2_Dense/config.json", "2_Dense/model.safetensors",
                          "config.json", "model.safetensors", "modules.json",
                          "sentence_bert_config.json", "vocab.txt"));
}

TEST(FileChoice, NamesTheIndexOfShards) {
  const std::vector<std::string> paths = {
      "config.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors",
      "model.safetensors.index.json", "consolidated.safetensors"};
  Result<FileChoice> choice = ChooseFiles(paths, "");
  ASSERT_TRUE(choice.ok());
  EXPECT_EQ(choice->index, "model.safetensors.index.json");
  EXPECT_THAT(choice->files, ElementsAre("config.json", "model.safetensors.index.json"));
  Result<std::vector<std::string>> shards =
      ShardsOf(R"({"weight_map":{"a":"model-00002-of-00002.safetensors",
                                 "b":"model-00001-of-00002.safetensors",
                                 "c":"model-00002-of-00002.safetensors"}})",
               paths);
  ASSERT_TRUE(shards.ok()) << shards.error().message();
  EXPECT_THAT(*shards, ElementsAre("model-00001-of-00002.safetensors",
                                   "model-00002-of-00002.safetensors"));
  EXPECT_FALSE(ShardsOf(R"({"weight_map":{"a":"model-00003-of-00003.safetensors"}})", paths).ok());
  EXPECT_FALSE(ShardsOf(R"({"weight_map":{"a":"../x.safetensors"}})", paths).ok());
}

const std::vector<std::string> kGgufs = {
    "README.md",
    "Name-IQ4_XS.gguf",
    "Name-Q4_K_M.gguf",
    "Name-UD-Q4_K_M.gguf",
    "Name-Q8_0-00001-of-00002.gguf",
    "Name-Q8_0-00002-of-00002.gguf",
    "BF16/Name-BF16-00001-of-00003.gguf",
    "BF16/Name-BF16-00003-of-00003.gguf",
    "mmproj-Name-F16.gguf"};

TEST(FileChoice, OfAGgufRepositoryGoesByTheType) {
  EXPECT_EQ(ChooseFiles(kGgufs, "")->open, "Name-Q4_K_M.gguf");
  EXPECT_EQ(ChooseFiles(kGgufs, "q4_k_m")->open, "Name-Q4_K_M.gguf");
  EXPECT_EQ(ChooseFiles(kGgufs, "UD-Q4_K_M")->open, "Name-UD-Q4_K_M.gguf");
  EXPECT_EQ(ChooseFiles(kGgufs, "Name-IQ4_XS.gguf")->open, "Name-IQ4_XS.gguf");
  Result<FileChoice> split = ChooseFiles(kGgufs, "Q8_0");
  EXPECT_EQ(split->open, "Name-Q8_0-00001-of-00002.gguf");
  EXPECT_THAT(split->files,
              ElementsAre("Name-Q8_0-00001-of-00002.gguf", "Name-Q8_0-00002-of-00002.gguf"));
  EXPECT_EQ(ChooseFiles(kGgufs, "Name-Q8_0-00002-of-00002.gguf")->files, split->files);
}

TEST(FileChoice, SaysWhatThereIsWhereNothingFits) {
  Result<FileChoice> missing = ChooseFiles(kGgufs, "Q2_K");
  EXPECT_EQ(missing.error().code(), StatusCode::kNotFound);
  EXPECT_THAT(missing.error().message(), HasSubstr("IQ4_XS"));
  Result<FileChoice> part = ChooseFiles(kGgufs, "BF16");
  EXPECT_THAT(part.error().message(), HasSubstr("2 of its 3 parts"));
  Result<FileChoice> several = ChooseFiles({"a-Q2_K.gguf", "a-Q3_K.gguf"}, "");
  EXPECT_EQ(several.error().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(several.error().message(), HasSubstr("Q2_K, Q3_K"));
  Result<FileChoice> two = ChooseFiles({"a-Q4_0.gguf", "b-Q4_0.gguf"}, "Q4_0");
  EXPECT_THAT(two.error().message(), HasSubstr("a-Q4_0.gguf, b-Q4_0.gguf"));
  EXPECT_EQ(ChooseFiles({"x.txt"}, "").error().code(), StatusCode::kNotFound);
  EXPECT_EQ(ChooseFiles({"pytorch_model.bin"}, "").error().code(), StatusCode::kUnimplemented);
  EXPECT_EQ(ChooseFiles({"model.safetensors"}, "Q4_0").error().code(), StatusCode::kNotFound);
  EXPECT_EQ(ChooseFiles(kGgufs, "absent.gguf").error().code(), StatusCode::kNotFound);
}

TEST(GgufType, IsTheLastPartOfTheName) {
  EXPECT_EQ(GgufType("Name-Q4_K_M.gguf"), "Q4_K_M");
  EXPECT_EQ(GgufType("name.q5_0.gguf"), "q5_0");
  EXPECT_EQ(GgufType("name_q5_1.gguf"), "q5_1");
  EXPECT_EQ(GgufType("Q6_K/name-00001-of-00002.gguf"), "Q6_K");
  EXPECT_EQ(GgufType("gpt-oss-20b-mxfp4.gguf"), "mxfp4");
  EXPECT_EQ(GgufType("x-UD-IQ1_S.gguf"), "UD-IQ1_S");
  EXPECT_EQ(GgufType("Qwen3-0.6B.gguf"), "");
  EXPECT_EQ(GgufType("model.safetensors"), "");
}

}  // namespace
}  // namespace pano::hub
