// The reference pass against the original encoders' float64 answers (tests/golden/known).
#include <gtest/gtest.h>

#include "base/testing/known_answers.h"
#include "model/nn/encoder/encoder_family.h"
#include "model/nn/encoder/testing/golden_batch.h"
#include "model/nn/reference/drawn_tensors.h"
#include "model/nn/reference/encoder.h"
#include "model/nn/testing/drawn_model.h"

namespace pano::reference {
namespace {

const std::string kKnown = JoinPath(PANO_SOURCE_DIR, "tests/golden/known");

std::vector<std::string> KnownEncoders() {
  const std::vector<std::string> all = ListDirectory(kKnown).value();
  std::vector<std::string> names;
  for (const std::string& name : all) {
    if (encoder::IsEncoder(nn::testing::OpenDrawnModel(JoinPath(kKnown, name)).files)) {
      names.push_back(name);
    }
  }
  return names;
}

class KnownEncoder : public ::testing::TestWithParam<std::string> {};

TEST_P(KnownEncoder, EqualsTheOriginal) {
  PANO_KNOWN_ANSWERS(KnownAnswers, answers, kKnown, GetParam(), "");
  const auto drawn = nn::testing::OpenDrawnModel(answers.path());
  const auto config = encoder::ReadEncoderConfig(drawn.files);
  ASSERT_TRUE(config.ok()) << config.error().ToString();
  auto expected = format::OpenSafetensors({JoinPath(answers.path(), "expected.safetensors")});
  ASSERT_TRUE(expected.ok()) << expected.error().ToString();
  StoredTensors source(*drawn.files.weights);
  const EncoderTensors tensors = ReadEncoder(source, *config);
  Trace trace;
  for (const EncoderOutput& output : EncoderOutputs(
           *config, tensors, encoder::testing::ReadBatch(**expected, drawn.inputs.get()), trace)) {
    const tensor::TensorView* want = (*expected)->Find(output.name);
    if (!want) continue;
    const float* from = want->as<float>();
    double worst = 0, largest = 0;
    for (const Matrix& rows : output.rows) {
      for (double value : rows.values) {
        worst = std::max(worst, std::abs(value - static_cast<double>(*from)));
        largest = std::max(largest, std::abs(value));
        answers.Compared(1);
        ++from;
      }
    }
    EXPECT_EQ(from - want->as<float>(), want->elements()) << output.name;
    // Half a unit in the last place of the answers, and the rounding of options to float32.
    EXPECT_LT(worst / largest, 2.5e-7) << output.name;
  }
}
INSTANTIATE_TEST_SUITE_P(Models, KnownEncoder, ::testing::ValuesIn(KnownEncoders()),
                         [](const auto& one) { return one.param; });

}  // namespace
}  // namespace pano::reference
