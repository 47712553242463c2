// Opens the known files: every one must open.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/env.h"
#include "base/strings.h"
#include "base/testing/known_answers.h"
#include "model/format/weights.h"

namespace pano::format {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> FilesBelow(const std::string& folder, std::string_view suffix) {
  std::vector<std::string> paths;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    std::string path = entry.path().string();
    if (entry.is_regular_file() && path.ends_with(suffix)) paths.push_back(path);
  }
  return paths;
}

class GoldenFilesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (answers_.absent()) GTEST_SKIP() << answers_.absence();
  }
  std::string DataFolder() const { return answers_.path(); }

  SharedAnswers answers_{PANO_SOURCE_DIR, ""};
};

TEST_F(GoldenFilesTest, HuggingFaceFolders) {
  size_t count = 0;
  for (std::string_view set : {"golden/models", "golden/models_next"}) {
    for (const auto& entry : fs::directory_iterator(JoinPath(DataFolder(), set))) {
      if (!entry.is_directory()) continue;
      auto model = OpenModel(entry.path().string());
      ASSERT_TRUE(model.ok()) << model.error().ToString();
      EXPECT_TRUE(model->config.is_object());
      EXPECT_FALSE(model->weights->Names().empty());
      answers_.Compared(1);
      ++count;
    }
  }
  EXPECT_GE(count, 30u);
}

TEST_F(GoldenFilesTest, EverySafetensorsFile) {
  for (const std::string& path : FilesBelow(DataFolder(), ".safetensors")) {
    auto model = OpenModel(path);
    ASSERT_TRUE(model.ok()) << model.error().ToString();
    for (const std::string& name : model->weights->Names()) {
      const tensor::TensorView* view = model->weights->Find(name);
      EXPECT_EQ(view->bytes, tensor::ByteSize(view->dtype, view->shape).value());
      answers_.Compared(1);
    }
  }
}

TEST_F(GoldenFilesTest, EveryGgufFile) {
  size_t opened = 0;
  for (const std::string& path : FilesBelow(DataFolder(), ".gguf")) {
    auto metadata = ReadGgufMetadata(path);
    ASSERT_TRUE(metadata.ok()) << metadata.error().ToString();
    EXPECT_NE(metadata->Find("general.architecture"), nullptr) << path;
    auto model = OpenModel(path);
    ASSERT_TRUE(model.ok()) << model.error().ToString();
    bool vocabulary = path.find("-vocab-") != std::string::npos;
    EXPECT_EQ(model->weights->Names().empty(), vocabulary) << path;
    answers_.Compared(1);
    ++opened;
  }
  EXPECT_GE(opened, 14u);
}

TEST_F(GoldenFilesTest, Stories) {
  std::string folder = JoinPath(DataFolder(), "weights/stories260K");
  auto gguf = OpenModel(JoinPath(folder, "stories260K-f32.gguf"));
  auto hf = OpenModel(JoinPath(folder, "hf"));
  ASSERT_TRUE(gguf.ok() && hf.ok());
  answers_.Compared(1);
  EXPECT_EQ(gguf->weights->Find("token_embd.weight")->shape,
            hf->weights->Find("model.embed_tokens.weight")->shape);
  auto expected = OpenModel(JoinPath(folder, "hf/expected.safetensors"));
  ASSERT_TRUE(expected.ok());
  EXPECT_EQ(expected->weights->Find("logits")->dtype, tensor::DType::kF32);
}

}  // namespace
}  // namespace pano::format
