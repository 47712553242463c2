// The reference pass against the original implementations' float64 answers (tests/golden/known):
// what the fast pass is compared with is right itself, to the rounding of the stored float32
// answers.
#include <gtest/gtest.h>

#include "base/testing/known_answers.h"
#include "model/nn/families/family.h"
#include "model/nn/reference/drawn_decoder.h"
#include "model/nn/testing/drawn_model.h"

namespace pano::reference {
namespace {

const std::string kKnown = JoinPath(PANO_SOURCE_DIR, "tests/golden/known");

std::vector<std::string> KnownDecoders() {
  const std::vector<std::string> all = ListDirectory(kKnown).value();
  std::vector<std::string> names;
  for (const std::string& name : all) {
    const auto drawn = nn::testing::OpenDrawnModel(JoinPath(kKnown, name));
    if (nn::ReadFamilyConfig(drawn.files).ok()) names.push_back(name);
  }
  return names;
}

class KnownDecoder : public ::testing::TestWithParam<std::string> {};

TEST_P(KnownDecoder, EqualsTheOriginal) {
  PANO_KNOWN_ANSWERS(KnownAnswers, answers, kKnown, GetParam(), "");
  const auto drawn = nn::testing::OpenDrawnModel(answers.path());
  const auto family = nn::ReadFamilyConfig(drawn.files);
  ASSERT_TRUE(family.ok()) << family.error().ToString();
  auto expected = format::OpenSafetensors({JoinPath(answers.path(), "expected.safetensors")});
  ASSERT_TRUE(expected.ok()) << expected.error().ToString();
  const tensor::TensorView* ids = (*expected)->Find("input_ids");
  const tensor::TensorView* logits = (*expected)->Find("logits");
  ASSERT_TRUE(ids && logits);

  StoredTensors source(*drawn.files.weights);
  const ModelTensors tensors = ReadDecoder(source, family->config, family->names);
  const auto length = static_cast<size_t>(ids->shape[1]);
  const auto each = length * static_cast<size_t>(family->config.vocab_size);
  std::vector<Matrix> got;
  std::vector<std::vector<float>> want;
  for (size_t row = 0; row < static_cast<size_t>(ids->shape[0]); ++row) {
    const int64_t* from = ids->as<int64_t>() + row * length;
    const std::vector<nn::TokenId> tokens(from, from + length);
    Trace trace;
    got.push_back(DecoderLogits(family->config, tensors, tokens, trace));
    want.emplace_back(logits->as<float>() + row * each, logits->as<float>() + (row + 1) * each);
    answers.Compared(each);
  }
  // Half a unit in the last place of the answers, and the rounding of options to float32.
  EXPECT_LT(Difference(want, got), 2.5e-7);
}
INSTANTIATE_TEST_SUITE_P(Models, KnownDecoder, ::testing::ValuesIn(KnownDecoders()),
                         [](const auto& one) { return one.param; });

}  // namespace
}  // namespace pano::reference
