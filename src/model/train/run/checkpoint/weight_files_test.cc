#include "model/train/run/checkpoint/weight_files.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "base/random.h"
#include "base/strings.h"
#include "model/format/weights.h"
#include "model/train/run/checkpoint/folder_writer.h"

namespace pano::train {
namespace {

// The folder is read by the same code that reads models from elsewhere.
TEST(WeightFiles, AreAFolderThatModelsAreReadFrom) {
  std::vector<float> values(100);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  const auto bytes = std::as_bytes(std::span(values));
  const std::vector<StateTensor> tensors = {
      {"a", tensor::DType::kF32, {40}, bytes.subspan(0, 160)},
      {"b", tensor::DType::kF32, {2, 10}, bytes.subspan(160, 80)},
      {"c", tensor::DType::kF32, {40}, bytes.subspan(240, 160)},
  };
  const std::string folder =
      (std::filesystem::temp_directory_path() / StrCat("pano-weight-files-", RandomHex(8))).string();
  ASSERT_TRUE(Env::Real().MakeFolder(folder).ok());
  int64_t step = 0;
  for (uint64_t shard_bytes : {uint64_t{100}, uint64_t{240}, uint64_t{1} << 30}) {
    CheckpointContents contents;
    contents.step = ++step;
    contents.files = WeightFiles(tensors, shard_bytes);
    contents.files.push_back(CheckpointFile::Text("config.json", "{\"model_type\":\"llama\"}"));
    EXPECT_EQ(contents.files.size(), step == 1 ? 5U : step == 2 ? 4U : 2U);
    ASSERT_TRUE(WriteCheckpointFolder(Env::Real(), folder, contents).ok());
    auto model = format::OpenModel(JoinPath(folder, StepFolderName(step)));
    ASSERT_TRUE(model.ok()) << model.error().ToString();
    for (const StateTensor& tensor : tensors) {
      const tensor::TensorView* view = model->weights->Find(tensor.name);
      ASSERT_NE(view, nullptr) << tensor.name;
      EXPECT_EQ(view->shape, tensor.shape);
      EXPECT_TRUE(std::equal(tensor.bytes.begin(), tensor.bytes.end(), view->data));
    }
  }
  ASSERT_TRUE(Env::Real().RemoveTree(folder).ok());
}

}  // namespace
}  // namespace pano::train
