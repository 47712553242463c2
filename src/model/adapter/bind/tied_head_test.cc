// Rows of an embedding that an adapter trains one by one, where a head is that embedding: the head sees
// them, in decoders and in masked-LM encoders.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <iterator>
#include <memory>

#include "base/env.h"
#include "base/random.h"
#include "base/strings.h"
#include "base/testing/known_answers.h"
#include "base/threads.h"
#include "model/adapter/bind/bind_adapter.h"
#include "model/adapter/bind/testing/adapted_batch.h"
#include "model/adapter/write_adapter.h"
#include "model/format/weights.h"
#include "model/nn/encoder/encoder.h"
#include "model/nn/load.h"

namespace pano::adapter {
namespace {

constexpr int64_t kRows[] = {5, 9};

// Reads a base twice: with an adapter that has new rows of the embedding, and with these rows in the
// base's own file, which is what must come out.
class TiedHead : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = JoinPath(::testing::TempDir(), StrCat("tied-head-", RandomHex(6)));
    for (const std::string& path : {folder_, AdapterPath(), ChangedPath()}) {
      ASSERT_TRUE(Env::Real().MakeFolder(path).ok());
    }
  }
  void TearDown() override { (void)Env::Real().RemoveTree(folder_); }
  std::string AdapterPath() const { return JoinPath(folder_, "adapter"); }
  std::string ChangedPath() const { return JoinPath(folder_, "changed"); }

  void Draw(const std::string& base, const std::string& module, const std::string& target) {
    const format::ModelFiles files = format::OpenModel(base).value();
    const tensor::TensorView& table = *files.weights->Find(module + ".weight");
    ASSERT_EQ(table.dtype, tensor::DType::kF32);
    const auto width = static_cast<size_t>(table.shape[1]);
    Random random(4);
    auto rows = std::make_shared<std::vector<float>>(std::size(kRows) * width);
    for (float& value : *rows) value = static_cast<float>(random.Normal());
    std::string file = ReadFile(JoinPath(base, "model.safetensors")).value();
    for (size_t i = 0; i < std::size(kRows); ++i) {
      const size_t bytes = width * sizeof(float);
      const auto* old = reinterpret_cast<const char*>(table.data) + static_cast<size_t>(kRows[i]) * bytes;
      const size_t at = file.find(std::string_view(old, bytes));
      ASSERT_NE(at, std::string::npos);
      std::memcpy(&file[at], rows->data() + i * width, bytes);
    }
    ASSERT_TRUE(WriteFile(JoinPath(ChangedPath(), "model.safetensors"), file).ok());
    ASSERT_TRUE(WriteFile(JoinPath(ChangedPath(), "config.json"),
                          ReadFile(JoinPath(base, "config.json")).value())
                    .ok());

    AdapterConfig config;
    config.r = 1;
    config.targets.names = {target};
    config.trainable_tokens = {{module.substr(module.rfind('.') + 1), {kRows[0], kRows[1]}}};
    std::vector<format::TensorStream> tensors;
    auto add = [&](std::string key, tensor::Shape shape, std::shared_ptr<std::vector<float>> values) {
      tensors.push_back({std::move(key), tensor::DType::kF32, std::move(shape),
                         [values](const format::ByteSink& sink) {
                           return sink(std::as_bytes(std::span(*values)));
                         }});
    };
    auto zeros = std::make_shared<std::vector<float>>(width);  // a pair that changes nothing
    add(AdapterKey(target, "lora_A.weight"), {1, table.shape[1]}, zeros);
    add(AdapterKey(target, "lora_B.weight"), {table.shape[1], 1}, zeros);
    add(AdapterKey(module, "token_adapter.trainable_tokens_delta"),
        {std::ssize(kRows), table.shape[1]}, rows);
    const Status written = WriteAdapter(AdapterPath(), config, std::move(tensors));
    ASSERT_TRUE(written.ok()) << written.ToString();
  }

  static void ExpectNear(const std::vector<float>& got, const std::vector<float>& want) {
    ASSERT_EQ(got.size(), want.size());
    double worst = 0, largest = 0;
    for (size_t i = 0; i < got.size(); ++i) {
      worst = std::max(worst, std::abs(static_cast<double>(got[i]) - static_cast<double>(want[i])));
      largest = std::max(largest, std::abs(static_cast<double>(want[i])));
    }
    EXPECT_LT(worst / largest, 1e-5);
  }

  std::string folder_;
};

TEST_F(TiedHead, OfADecoder) {
  PANO_KNOWN_ANSWERS(SharedAnswers, answers, PANO_SOURCE_DIR, "golden/training/base/qwen2");
  Draw(answers.path(), "model.embed_tokens", "model.layers.0.self_attn.q_proj");
  ComputePool pool(2);
  nn::LoadOptions options;
  options.compute = nn::Compute::kF32;
  auto logits = [&](const std::string& path, bool adapted) {
    const format::ModelFiles files = format::OpenModel(path).value();
    const auto model = nn::LoadModel(files, options, pool).value();
    std::shared_ptr<const nn::BoundAdapter> bound;
    if (adapted) {
      const auto read = LoadAdapter(AdapterPath(), BaseModules::Of(files).value());
      EXPECT_TRUE(read.ok()) << read.error().ToString();
      bound = BindAdapter(**read, *model).value();
    }
    return testing::AdaptedBatch(*model, {bound.get()}).Feed({{3, 5, 9, 30, 5}});
  };
  const std::vector<float> want = logits(ChangedPath(), false);
  ExpectNear(logits(answers.path(), true), want);
  EXPECT_NE(logits(answers.path(), false), want);
  answers.Compared(want.size());
}

TEST_F(TiedHead, OfAMaskedLanguageModel) {
  PANO_KNOWN_ANSWERS(SharedAnswers, answers, PANO_SOURCE_DIR, "golden/training/base/bert_mlm");
  Draw(answers.path(), "bert.embeddings.word_embeddings", "bert.encoder.layer.0.attention.self.query");
  ComputePool pool(2);
  nn::LoadOptions options;
  options.compute = nn::Compute::kF32;
  auto logits = [&](const std::string& path, bool adapted) {
    const format::ModelFiles files = format::OpenModel(path).value();
    const auto model = encoder::LoadEncoder(files, options, pool).value();
    encoder::EncoderBatch batch;
    batch.texts.push_back({.ids = {3, 5, 9, 30, 5}});
    batch.outputs = {"logits"};
    if (adapted) {
      const auto read = LoadAdapter(AdapterPath(), BaseModules::Of(files).value());
      EXPECT_TRUE(read.ok()) << read.error().ToString();
      batch.texts[0].adapter = BindAdapter(**read, *model).value();
    }
    return model->Encode(batch).value().front().rows.front();
  };
  const std::vector<float> want = logits(ChangedPath(), false);
  ExpectNear(logits(answers.path(), true), want);
  EXPECT_NE(logits(answers.path(), false), want);
  answers.Compared(want.size());
}

}  // namespace
}  // namespace pano::adapter
