#include "model/format/hf_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/strings.h"
#include "model/format/testing/temp_folder.h"
#include "model/format/weight_map.h"
#include "model/format/weights.h"

namespace pano::format {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

void WriteTensor(const TempFolder& folder, std::string_view file, const std::string& name) {
  static const float kValues[] = {1, 2};
  tensor::TensorView view{tensor::DType::kF32, {2}, reinterpret_cast<const std::byte*>(kValues), 8};
  ASSERT_TRUE(
      WriteSafetensors(folder.Path(file), {{name, view}}, {{"file", std::string(file)}}).ok());
}

void ExpectFailure(const std::string& path, StatusCode code, std::string_view words) {
  auto model = OpenModel(path);
  ASSERT_FALSE(model.ok());
  EXPECT_EQ(model.error().code(), code) << model.error().ToString();
  EXPECT_THAT(model.error().message(), HasSubstr(std::string(words)));
}

TEST(HfFolderTest, ReadsAllThatIsThere) {
  TempFolder folder;
  WriteTensor(folder, "model.safetensors", "w");
  folder.Write("config.json", R"({"model_type": "llama", "limit": Infinity})");
  folder.Write("generation_config.json", R"({"eos_token_id": 2})");
  folder.Write("tokenizer_config.json", R"({"chat_template": "from the config"})");
  auto model = OpenModel(folder.path());
  ASSERT_TRUE(model.ok()) << model.error().ToString();
  EXPECT_EQ(model->kind, ModelFiles::Kind::kHuggingFace);
  EXPECT_EQ(model->path, folder.path());
  EXPECT_EQ(model->config.Find("model_type")->as_string(), "llama");
  EXPECT_TRUE(std::isinf(model->config.Find("limit")->as_double()));
  EXPECT_EQ(model->generation_config.Find("eos_token_id")->as_int(), 2);
  EXPECT_EQ(model->chat_template, "from the config");
  EXPECT_EQ(model->metadata.Find("file")->as_string(), "model.safetensors");
  EXPECT_THAT(model->weights->Names(), ElementsAre("w"));

  folder.Write("chat_template.jinja", "from the file");
  EXPECT_EQ(OpenModel(folder.path() + "/")->chat_template, "from the file");
}

// A file that could not be looked at was taken for absent, and the model for one without it.
TEST(HfFolderTest, WhatCannotBeLookedAtIsNotAbsent) {
  for (const char* name : {"config.json", "generation_config.json", "chat_template.jinja",
                           "additional_chat_templates", "model.safetensors"}) {
    TempFolder folder;
    if (name != std::string_view("model.safetensors")) WriteTensor(folder, "model.safetensors", "w");
    std::filesystem::create_symlink(name, folder.Path(name));   // a link to itself
    ExpectFailure(folder.path(), StatusCode::kUnavailable, StrCat(name, ": cannot look: "));
  }
}

TEST(HfFolderTest, WeightsAloneAreEnough) {
  TempFolder folder;
  WriteTensor(folder, "real.safetensors", "w");
  std::filesystem::create_symlink("real.safetensors", folder.Path("model.safetensors"));
  auto model = OpenModel(folder.path());
  ASSERT_TRUE(model.ok()) << model.error().ToString();
  EXPECT_TRUE(model->config.is_null());
  EXPECT_TRUE(model->tokenizer_config.is_null());
  EXPECT_EQ(model->chat_template, "");
}

TEST(HfFolderTest, Shards) {
  TempFolder folder;
  folder.Write("config.json", "{}");
  WriteTensor(folder, "model-00001-of-00002.safetensors", "a");
  ExpectFailure(folder.path(), StatusCode::kNotFound,
                "model.safetensors.index.json: is missing, but the folder holds shards");
  folder.Write("model.safetensors.index.json",
               R"({"metadata": {"total_size": 16}, "weight_map": {
                   "a": "model-00001-of-00002.safetensors",
                   "b": "model-00002-of-00002.safetensors"}})");
  ExpectFailure(folder.path(), StatusCode::kNotFound,
                "weight_map: file 'model-00002-of-00002.safetensors' is missing");
  WriteTensor(folder, "model-00002-of-00002.safetensors", "c");
  ExpectFailure(folder.path(), StatusCode::kCorruption,
                "weight_map: tensor 'b' is not in 'model-00002-of-00002.safetensors'");
  WriteTensor(folder, "model-00002-of-00002.safetensors", "a");
  ExpectFailure(folder.path(), StatusCode::kCorruption, "weight_map: tensor 'b' is not in");
  WriteTensor(folder, "model-00002-of-00002.safetensors", "b");
  auto model = OpenModel(folder.path());
  ASSERT_TRUE(model.ok()) << model.error().ToString();
  EXPECT_THAT(model->weights->Names(), ElementsAre("a", "b"));
  EXPECT_EQ(model->metadata.Find("file")->as_string(), "model-00001-of-00002.safetensors");

  folder.Write("model-00002-of-00002.safetensors", "short");
  ExpectFailure(folder.path(), StatusCode::kCorruption,
                "model-00002-of-00002.safetensors: header length");
}

TEST(HfFolderTest, BadIndexes) {
  auto words = [](std::string_view text) {
    return std::string(ParseWeightMap(text).error().message());
  };
  EXPECT_THAT(words("{"), HasSubstr("[json]"));
  EXPECT_THAT(words("[]"), HasSubstr("weight_map: is missing"));
  EXPECT_THAT(words("{}"), HasSubstr("weight_map: is missing"));
  EXPECT_THAT(words(R"({"weight_map": 1})"), HasSubstr("weight_map: expected an object"));
  EXPECT_THAT(words(R"({"weight_map": {}})"), HasSubstr("weight_map: names no tensor"));
  EXPECT_THAT(words(R"({"weight_map": {"a": 1}})"), HasSubstr("tensor 'a': expected a file name"));
  EXPECT_THAT(words(R"({"weight_map": {"a": "x.safetensors", "a": "y.safetensors"}})"),
              HasSubstr("tensor 'a': the name stands twice"));
  for (std::string_view name :
       {"", ".", "../x.safetensors", "/x.safetensors", "a/x.safetensors", "a\\\\x.safetensors",
        "x.bin", "x\\u0000.safetensors", "..safetensors"}) {
    std::string text = StrCat(R"({"weight_map": {"a": ")", name, R"("}})");
    EXPECT_THAT(words(text), HasSubstr("weight_map: tensor 'a': '")) << name;
  }
  TempFolder folder;
  folder.Write("model.safetensors.index.json", R"({"weight_map": {"a": "../x.safetensors"}})");
  ExpectFailure(folder.path(), StatusCode::kCorruption,
                "model.safetensors.index.json: weight_map: ");
}

TEST(HfFolderTest, BadJsonFiles) {
  TempFolder folder;
  WriteTensor(folder, "model.safetensors", "w");
  for (std::string_view name : {"config.json", "generation_config.json", "tokenizer_config.json"}) {
    folder.Write(name, "[1]");
    ExpectFailure(folder.path(), StatusCode::kCorruption, StrCat(name, ": expected an object"));
    folder.Write(name, R"({"a": )");
    ExpectFailure(folder.path(), StatusCode::kCorruption, StrCat(name, ": [json]"));
    folder.Write(name, StrCat(R"({"a": )", std::string(1000, '['), std::string(1000, ']'), "}"));
    ExpectFailure(folder.path(), StatusCode::kCorruption, StrCat(name, ": [json] nested deeper"));
    std::filesystem::remove(folder.Path(name));
  }
  folder.Write("tokenizer_config.json", R"({"chat_template": 7})");
  ExpectFailure(folder.path(), StatusCode::kCorruption,
                "tokenizer_config.json: chat_template: expected a string or an array");
}

TEST(HfFolderTest, ChatTemplateForms) {
  auto read = [](std::string_view text) { return ChatTemplatesOf(json::Parse(text).value()); };
  EXPECT_EQ(read("{}")->main, "");
  EXPECT_EQ(read(R"({"chat_template": null})")->main, "");
  EXPECT_EQ(read(R"({"chat_template": "t"})")->main, "t");
  for (const char* both : {R"({"chat_template": [{"name": "tool_use", "template": "a"},
                                                 {"name": "default", "template": "b"}]})",
                           R"({"chat_template": {"default": "b", "tool_use": "a"}})"}) {
    EXPECT_EQ(read(both)->main, "b");
    EXPECT_EQ(read(both)->named.at("tool_use"), "a");
  }
  EXPECT_EQ(read(R"({"chat_template": []})")->main, "");
  EXPECT_EQ(read(R"({"chat_template": {"default": 1}})").error().code(), StatusCode::kCorruption);
  EXPECT_EQ(read(R"({"chat_template": ["x"]})").error().code(), StatusCode::kCorruption);
  EXPECT_EQ(read(R"({"chat_template": [{"name": "default"}]})").error().code(),
            StatusCode::kCorruption);
}

// transformers writes several templates as files: the main one and a folder of the others.
TEST(HfFolderTest, TemplatesInFilesOfTheirOwn) {
  TempFolder folder;
  WriteTensor(folder, "model.safetensors", "w");
  std::filesystem::create_directory(folder.Path("additional_chat_templates"));
  folder.Write("additional_chat_templates/tool_use.jinja", "with tools");
  folder.Write("additional_chat_templates/README.md", "no template");
  folder.Write("tokenizer_config.json",
               R"({"chat_template": [{"name": "default", "template": "old"},
                                     {"name": "rag", "template": "from the config"}]})");
  auto model = OpenModel(folder.path());
  ASSERT_TRUE(model.ok()) << model.error().ToString();
  EXPECT_EQ(model->chat_template, "old");
  EXPECT_EQ(model->named_templates.size(), 2u);
  EXPECT_EQ(model->named_templates.at("tool_use"), "with tools");
  EXPECT_EQ(model->named_templates.at("rag"), "from the config");
  folder.Write("chat_template.jinja", "\xef\xbb\xbfmain");  // as editors of Windows save it
  EXPECT_EQ(OpenModel(folder.path())->chat_template, "main");

  TempFolder old;
  WriteTensor(old, "model.safetensors", "w");
  old.Write("chat_template.json", R"({"chat_template": "of a processor"})");
  EXPECT_EQ(OpenModel(old.path())->chat_template, "of a processor");
  old.Write("tokenizer_config.json", R"({"chat_template": "of the tokenizer"})");
  EXPECT_EQ(OpenModel(old.path())->chat_template, "of the tokenizer");
}

TEST(OpenModelTest, WhatIsNoModel) {
  TempFolder folder;
  ExpectFailure(folder.Path("none"), StatusCode::kNotFound, "none: no such file or folder");
  ExpectFailure("", StatusCode::kNotFound, "'': no such file or folder");
  ExpectFailure(folder.path(), StatusCode::kNotFound, "has neither config.json nor weights");
  folder.Write("config.json", "{}");
  ExpectFailure(folder.path(), StatusCode::kNotFound, "has config.json but no model.safetensors");
  ExpectFailure(folder.Path("config.json"), StatusCode::kUnimplemented, "config.json: is neither");
  folder.Write("x.gguf", "GGUF");
  ExpectFailure(folder.path(), StatusCode::kNotFound, "name it: ");
  std::filesystem::remove(folder.Path("x.gguf"));
  std::string pickled = folder.Write("pytorch_model.bin", "PK\3\4...");
  ExpectFailure(folder.path(), StatusCode::kUnimplemented, "pytorch_model.bin: pickled weights");
  ExpectFailure(pickled, StatusCode::kUnimplemented, "convert them to safetensors");
  for (const char* name : {"pytorch_model.bin.index.json", "x.pth", "x.ckpt", "x.pt"}) {
    TempFolder other;
    other.Write("config.json", "{}");
    other.Write(name, "{}");
    ExpectFailure(other.path(), StatusCode::kUnimplemented, StrCat(name, ": pickled weights"));
  }
  ExpectFailure(folder.Write("other.bin", "1234"), StatusCode::kUnimplemented,
                "other.bin: is neither");
  ExpectFailure("/dev/null", StatusCode::kCorruption, "/dev/null: is not a regular file");
  std::filesystem::create_symlink("loop.gguf", folder.Path("loop.gguf"));
  EXPECT_FALSE(OpenModel(folder.Path("loop.gguf")).ok());
}

}  // namespace
}  // namespace pano::format
