// Known answers of the original implementations (see the golden set's own description): logits
// within 2e-5 of the largest, greedy ids equal.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/env.h"
#include "base/shared_folder.h"
#include "base/strings.h"
#include "model/nn/load.h"

namespace pano::nn {
namespace {

std::string Shared(const std::string& path) {
  return JoinPath(SharedFolder(PANO_SOURCE_DIR), path);
}

std::vector<TokenId> Ids(const tensor::TensorView& view, int64_t row, int64_t count) {
  const int64_t* from = view.as<int64_t>() + row * view.shape.back();
  std::vector<TokenId> ids;
  for (int64_t i = 0; i < count; ++i) ids.push_back(static_cast<TokenId>(from[i]));
  return ids;
}

// Steps one sequence through the model in slices of at most `chunk` tokens.
class Stepper {
 public:
  Stepper(Model& model, size_t chunk) : model_(model), chunk_(chunk) {
    auto state = model.CreateState(model.state_layout().Uniform(32));
    PANO_CHECK(state.ok());
    state_ = std::move(*state);
    for (BlockId b = 0; b < 32; ++b) table_.push_back(31 - b);
  }
  // All logits of the new tokens.
  std::vector<float> Feed(const std::vector<TokenId>& tokens) {
    std::vector<float> out;
    for (size_t at = 0; at < tokens.size(); at += chunk_) {
      SequenceSlice slice;
      slice.tokens = std::span(tokens).subspan(at, std::min(chunk_, tokens.size() - at));
      slice.position = position_;
      slice.tables = {table_};
      position_ += static_cast<int64_t>(slice.tokens.size());
      Logits logits;
      Status status = model_.Forward({{slice}}, *state_, logits);
      EXPECT_TRUE(status.ok()) << status.ToString();
      out.insert(out.end(), logits.data(), logits.data() + logits.rows() * logits.vocab());
    }
    return out;
  }

 private:
  Model& model_;
  size_t chunk_;
  std::unique_ptr<State> state_;
  std::vector<BlockId> table_;
  int64_t position_ = 0;
};

void CheckModel(const std::string& model_path, const std::string& expected_path,
                size_t greedy_prompt) {
  SCOPED_TRACE(model_path);
  if (!FileExists(Shared(expected_path))) {
    GTEST_SKIP() << "known answers are absent: " << expected_path;
  }
  auto files = format::OpenModel(Shared(model_path));
  ASSERT_TRUE(files.ok()) << files.error().ToString();
  ComputePool pool(2);
  LoadOptions options;
  options.compute = Compute::kF32;
  auto model = LoadModel(*files, options, pool);
  ASSERT_TRUE(model.ok()) << model.error().ToString();
  auto expected = format::OpenSafetensors({Shared(expected_path)});
  ASSERT_TRUE(expected.ok()) << expected.error().ToString();
  const tensor::TensorView* ids = (*expected)->Find("input_ids");
  const tensor::TensorView* logits = (*expected)->Find("logits");
  ASSERT_TRUE(ids && logits);

  const int64_t batch = ids->shape[0], length = ids->shape[1];
  const auto vocab = static_cast<size_t>((*model)->vocab_size());
  double worst = 0, largest = 0;
  for (int64_t row = 0; row < batch; ++row) {
    std::vector<float> got = Stepper(**model, 7).Feed(Ids(*ids, row, length));
    const float* want = logits->as<float>() + static_cast<size_t>(row * length) * vocab;
    for (size_t i = 0; i < got.size(); ++i) {
      worst = std::max(worst, static_cast<double>(std::abs(got[i] - want[i])));
      largest = std::max(largest, static_cast<double>(std::abs(want[i])));
    }
  }
  EXPECT_LT(worst / largest, 2e-5);

  const tensor::TensorView* greedy = (*expected)->Find("greedy");
  if (!greedy || greedy_prompt == 0) return;
  for (int64_t row = 0; row < batch; ++row) {
    std::vector<TokenId> next = Ids(*ids, row, static_cast<int64_t>(greedy_prompt));
    Stepper stepper(**model, 64);
    for (TokenId want : Ids(*greedy, row, greedy->shape.back())) {
      std::vector<float> got = stepper.Feed(next);
      auto last = got.end() - static_cast<std::ptrdiff_t>(vocab);
      auto best = static_cast<TokenId>(std::max_element(last, got.end()) - last);
      ASSERT_EQ(best, want);
      next = {best};
    }
  }
}

class GoldenHf : public ::testing::TestWithParam<const char*> {};
TEST_P(GoldenHf, LogitsAndGreedy) {
  std::string folder = StrCat("data/golden/models/", GetParam());
  CheckModel(folder, folder + "/expected.safetensors", 16);
}
INSTANTIATE_TEST_SUITE_P(Models, GoldenHf,
                         ::testing::Values("llama_mha", "llama_gqa", "llama_tied", "llama_bias",
                                           "llama_rope_llama3"));

class GoldenGguf : public ::testing::TestWithParam<const char*> {};
TEST_P(GoldenGguf, LogitsAndGreedy) {
  CheckModel(StrCat("data/golden/gguf/llama/llama-", GetParam(), ".gguf"),
             StrCat("data/golden/gguf/llama/expected-", GetParam(), ".safetensors"), 16);
}
INSTANTIATE_TEST_SUITE_P(Types, GoldenGguf, ::testing::Values("f32", "f16", "q8_0"));

TEST(GoldenStories, EveryFormGivesItsLogits) {
  const std::string root = "data/weights/stories260K/";
  CheckModel(root + "hf", root + "hf/expected.safetensors", 0);
  CheckModel(root + "stories260K-f32.gguf", root + "hf/expected.safetensors", 0);
  CheckModel(root + "stories260K-q8_0.gguf", root + "hf/expected-q8_0.safetensors", 0);
}

}  // namespace
}  // namespace pano::nn
