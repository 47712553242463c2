// Known answers of the original implementations (see the golden set's own description): logits
// within 2e-5 of the largest, greedy ids equal.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <set>

#include "base/env.h"
#include "base/strings.h"
#include "base/testing/known_answers.h"
#include "base/threads.h"
#include "model/nn/families/family.h"
#include "model/nn/load.h"
#include "model/nn/testing/drawn_model.h"
#include "model/nn/testing/matrix_types.h"

namespace pano::nn {
namespace {

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
  // All logits of the new tokens, in a sequence of `length`.
  std::vector<float> Feed(const std::vector<TokenId>& tokens, int64_t length) {
    std::vector<float> out;
    for (size_t at = 0; at < tokens.size(); at += chunk_) {
      SequenceSlice slice;
      slice.tokens = std::span(tokens).subspan(at, std::min(chunk_, tokens.size() - at));
      slice.position = position_;
      slice.planned_length = length;
      slice.tables = Tables();
      position_ += static_cast<int64_t>(slice.tokens.size());
      Logits logits;
      Status status = model_.Forward({{slice}}, *state_, logits);
      EXPECT_TRUE(status.ok()) << status.ToString();
      out.insert(out.end(), logits.data(), logits.data() + logits.rows() * logits.vocab());
    }
    return out;
  }

 private:
  // Window groups lose the blocks that they no longer see.
  std::vector<std::span<const BlockId>> Tables() {
    const StateLayout layout = model_.state_layout();
    tables_.assign(layout.groups.size(), table_);
    for (size_t g = 0; g < tables_.size(); ++g) {
      const int64_t window = layout.groups[g].window;
      for (int64_t i = 0; window > 0 && (i + 1) * kBlockTokens <= position_ - window + 1; ++i) {
        tables_[g][static_cast<size_t>(i)] = kNoBlock;
      }
    }
    return {tables_.begin(), tables_.end()};
  }

  Model& model_;
  size_t chunk_;
  std::unique_ptr<State> state_;
  std::vector<BlockId> table_;
  std::vector<std::vector<BlockId>> tables_;
  int64_t position_ = 0;
};

int case_count = 0;

void CheckModel(const format::ModelFiles& files, const std::string& expected_path,
                size_t greedy_prompt, KnownAnswers& answers) {
  SCOPED_TRACE(files.path);
  ComputePool pool(2);
  LoadOptions options;
  options.compute = Compute::kF32;
  auto model = LoadModel(files, options, pool);
  ASSERT_TRUE(model.ok()) << model.error().ToString();
  auto expected = format::OpenSafetensors({expected_path});
  ASSERT_TRUE(expected.ok()) << expected.error().ToString();
  const tensor::TensorView* ids = (*expected)->Find("input_ids");
  const tensor::TensorView* logits = (*expected)->Find("logits");
  ASSERT_TRUE(ids && logits);

  const int64_t batch = ids->shape[0], length = ids->shape[1];
  const auto vocab = static_cast<size_t>((*model)->vocab_size());
  double worst = 0, largest = 0;
  for (int64_t row = 0; row < batch; ++row) {
    std::vector<float> got = Stepper(**model, 7).Feed(Ids(*ids, row, length), length);
    ASSERT_EQ(got.size(), static_cast<size_t>(length) * vocab);
    answers.Compared(got.size());
    const float* want = logits->as<float>() + static_cast<size_t>(row * length) * vocab;
    for (size_t i = 0; i < got.size(); ++i) {
      worst = std::max(worst, static_cast<double>(std::abs(got[i] - want[i])));
      largest = std::max(largest, static_cast<double>(std::abs(want[i])));
    }
  }
  EXPECT_LT(worst / largest, 2e-5);
  const tensor::TensorView* greedy = (*expected)->Find("greedy");
  if (!greedy || greedy_prompt == 0) greedy = nullptr;
  // For the table of docs/models.md.
  ::testing::Test::RecordProperty(
      StrCat("golden.", ++case_count),
      StrCat(testing::CaseName(files.path), "|",
             ReadFamilyConfig(files).value().config.architecture, "|",
             files.kind == format::ModelFiles::Kind::kGguf ? "GGUF" : "safetensors", "|",
             testing::MatrixTypes(*files.weights), "|", batch * length, " logit rows",
             greedy ? StrCat(", ", greedy->elements(), " greedy ids") : "", "|", worst / largest));
  if (!greedy) return;
  for (int64_t row = 0; row < batch; ++row) {
    std::vector<TokenId> all = Ids(*ids, row, static_cast<int64_t>(greedy_prompt)), next = all;
    auto stepper = std::make_unique<Stepper>(**model, 64);
    int64_t variant = (*model)->state_variant(static_cast<int64_t>(all.size()));
    for (TokenId want : Ids(*greedy, row, greedy->shape.back())) {
      // Where the length changes the angles, the prefix is computed anew, as the answers were.
      const auto size = static_cast<int64_t>(all.size());
      if (const int64_t now = (*model)->state_variant(size); now != variant) {
        variant = now;
        stepper = std::make_unique<Stepper>(**model, 64);
        next = all;
      }
      std::vector<float> got = stepper->Feed(next, size);
      auto last = got.end() - static_cast<std::ptrdiff_t>(vocab);
      auto best = static_cast<TokenId>(std::max_element(last, got.end()) - last);
      ASSERT_EQ(best, want);
      next = {best};
      all.push_back(best);
    }
  }
}

void CheckFile(const std::string& model_path, const std::string& expected_path,
               size_t greedy_prompt, KnownAnswers& answers) {
  auto files = format::OpenModel(model_path);
  ASSERT_TRUE(files.ok()) << files.error().ToString();
  CheckModel(*files, expected_path, greedy_prompt, answers);
}
void CheckFolder(const std::string& folder, KnownAnswers& answers) {
  CheckFile(folder, JoinPath(folder, "expected.safetensors"), 16, answers);
}

// The committed answers of original implementations: weights are drawn from a seed, so that every
// checkout verifies every family (tests/golden/make_known_answers.py).
const std::string kKnown = JoinPath(PANO_SOURCE_DIR, "tests/golden/known");

std::vector<std::string> KnownDecoders() {
  std::vector<std::string> names;
  const std::vector<std::string> all = ListDirectory(kKnown).value();
  for (const std::string& name : all) {
    if (ReadFamilyConfig(testing::OpenDrawnModel(JoinPath(kKnown, name)).files).ok()) {
      names.push_back(name);
    }
  }
  return names;
}

class GoldenKnown : public ::testing::TestWithParam<std::string> {};
TEST_P(GoldenKnown, Logits) {
  PANO_KNOWN_ANSWERS(KnownAnswers, answers, kKnown, GetParam(), "");
  CheckModel(testing::OpenDrawnModel(answers.path()).files,
             JoinPath(answers.path(), "expected.safetensors"), 0, answers);
}
INSTANTIATE_TEST_SUITE_P(Models, GoldenKnown, ::testing::ValuesIn(KnownDecoders()),
                         [](const auto& one) { return one.param; });

TEST(GoldenKnown, HasEveryFamily) {
  std::set<std::string> seen;
  for (const std::string& name : KnownDecoders()) {
    seen.insert(ReadFamilyConfig(testing::OpenDrawnModel(JoinPath(kKnown, name)).files)
                    ->config.architecture);
  }
  for (const Family* family : Families()) {
    EXPECT_TRUE(seen.contains(std::string(family->name))) << family->name << " has no known answer";
  }
}

class GoldenHf : public ::testing::TestWithParam<const char*> {};
TEST_P(GoldenHf, LogitsAndGreedy) {
  PANO_KNOWN_ANSWERS(SharedAnswers, answers, PANO_SOURCE_DIR, StrCat("golden/models/", GetParam()));
  CheckFolder(answers.path(), answers);
}
INSTANTIATE_TEST_SUITE_P(Models, GoldenHf,
                         ::testing::Values("deepseek_v2", "gemma", "gemma2", "gemma3_text", "gpt2",
                                           "gpt_neox", "granite", "llama_bias", "llama_gqa",
                                           "llama_mha", "llama_rope_llama3", "llama_tied",
                                           "mistral_full", "mistral_swa", "mixtral", "olmo2", "phi",
                                           "phi3", "phi3_longrope", "qwen2", "qwen2_yarn", "qwen3",
                                           "qwen3_moe", "stablelm"));

TEST(GoldenNext, Modernbert) {
  PANO_KNOWN_ANSWERS(SharedAnswers, answers, PANO_SOURCE_DIR,
                     "golden/models_next/modernbert_decoder");
  CheckFolder(answers.path(), answers);
}

// Larger models with answers of the original implementation, in half precision too and with greedy
// continuations, that tests/golden makes.
class GoldenExtra : public ::testing::TestWithParam<const char*> {};
TEST_P(GoldenExtra, LogitsAndGreedy) {
  const char* root = std::getenv("PANO_GOLDEN_EXTRA");
  PANO_KNOWN_ANSWERS(KnownAnswers, answers,
                     root ? root : JoinPath(PANO_SOURCE_DIR, "build/golden_extra"), GetParam(),
                     "larger models were not made: tests/golden/make_models.py");
  CheckFolder(answers.path(), answers);
}
INSTANTIATE_TEST_SUITE_P(
    Models, GoldenExtra,
    ::testing::Values("cohere", "cohere_qknorm", "deepseek_v2_lora", "falcon_11b", "falcon_40b",
                      "falcon_7b", "falcon_rw", "gemma2_nocap", "gemma3_linear", "gemma_legacy_act",
                      "gpt2_scale", "gpt_neox_seq", "granite_bias", "llama_dynamic", "llama_linear",
                      "llama_v5_config", "llama_yarn", "mistral_headdim", "mixtral_swa",
                      "olmo2_gqa", "phi3_longrope_short", "phi3_partial", "phi_qkln", "qwen2_moe",
                      "qwen2_swa", "qwen3_moe_mixed", "qwen3_swa", "stablelm_par", "starcoder2",
                      "starcoder2_swa"));

struct GgufCase {
  const char* model;
  const char* type;
};
class GoldenGguf : public ::testing::TestWithParam<GgufCase> {};
TEST_P(GoldenGguf, LogitsAndGreedy) {
  const auto [model, type] = GetParam();
  PANO_KNOWN_ANSWERS(SharedAnswers, answers, PANO_SOURCE_DIR, StrCat("golden/gguf/", model));
  CheckFile(StrCat(answers.path(), "/", model, "-", type, ".gguf"),
            StrCat(answers.path(), "/expected-", type, ".safetensors"), 16, answers);
}
INSTANTIATE_TEST_SUITE_P(Types, GoldenGguf,
                         ::testing::Values(GgufCase{"llama", "f32"}, GgufCase{"llama", "f16"},
                                           GgufCase{"llama", "q8_0"}, GgufCase{"llama", "q4_0"},
                                           GgufCase{"llama_kquants", "kmix"},
                                           GgufCase{"qwen2", "f32"}, GgufCase{"qwen2", "f16"},
                                           GgufCase{"qwen2", "q8_0"}, GgufCase{"qwen2", "q4_0"},
                                           GgufCase{"gemma2", "f32"}, GgufCase{"gemma2", "q8_0"}));

TEST(GoldenStories, EveryFormGivesItsLogits) {
  PANO_KNOWN_ANSWERS(SharedAnswers, answers, PANO_SOURCE_DIR, "weights/stories260K");
  const std::string& root = answers.path();
  CheckFile(root + "/hf", root + "/hf/expected.safetensors", 0, answers);
  CheckFile(root + "/stories260K-f32.gguf", root + "/hf/expected.safetensors", 0, answers);
  CheckFile(root + "/stories260K-q8_0.gguf", root + "/hf/expected-q8_0.safetensors", 0, answers);
}

}  // namespace
}  // namespace pano::nn
