// Known answers of the original encoders (see the golden set's own description), padding included:
// each within 2e-5 of the largest value of its tensor.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <set>

#include "base/env.h"
#include "base/strings.h"
#include "base/testing/known_answers.h"
#include "base/threads.h"
#include "model/nn/encoder/encoder.h"
#include "model/nn/encoder/encoder_family.h"
#include "model/nn/encoder/testing/golden_batch.h"
#include "model/nn/families/family.h"
#include "model/nn/testing/drawn_model.h"
#include "model/nn/testing/matrix_types.h"

namespace pano::encoder {
namespace {

// The batch's i-th text with all that is masked at its end cut off, alone.
EncoderBatch Alone(const EncoderBatch& batch, size_t i) {
  EncoderBatch one;
  TextRow row = batch.texts[i];
  while (!row.mask.empty() && row.mask.back() == 0) {
    row.mask.pop_back();
    row.ids.pop_back();
    if (!row.types.empty()) row.types.pop_back();
  }
  row.mask.clear();
  one.texts = {row};
  if (!batch.decoder_ids.empty()) one.decoder_ids = {batch.decoder_ids[i]};
  return one;
}

struct Agreement {
  size_t values = 0;
  double worst = 0;  // of all outputs, relative to the largest of each
  std::string names;
};

void CheckOutputs(const std::vector<Output>& outputs, const format::Weights& file,
                  Agreement& agreement) {
  size_t compared = 0;
  for (const Output& output : outputs) {
    const tensor::TensorView* want = file.Find(output.name);
    if (!want) continue;
    ++compared;
    ASSERT_EQ(want->shape[0], static_cast<int64_t>(output.rows.size())) << output.name;
    const float* from = want->as<float>();
    double worst = 0, largest = 0;
    for (const std::vector<float>& row : output.rows) {
      ASSERT_EQ(static_cast<int64_t>(row.size()), want->elements() / want->shape[0]) << output.name;
      for (float got : row) {
        worst = std::max(worst, static_cast<double>(std::abs(got - *from)));
        largest = std::max(largest, static_cast<double>(std::abs(*from)));
        ++from;
      }
    }
    EXPECT_LT(worst / largest, 2e-5) << output.name;
    agreement.values += static_cast<size_t>(want->elements());
    agreement.worst = std::max(agreement.worst, worst / largest);
    agreement.names += StrCat(agreement.names.empty() ? "" : ", ", output.name);
  }
  size_t wanted = 0;
  for (const char* name : {"logits", "last_hidden_state", "pooler_output", "sentence_embedding",
                           "image_embeds", "text_embeds", "logits_per_image"}) {
    wanted += file.Find(name) ? 1 : 0;
  }
  EXPECT_EQ(compared, wanted);
}

void CheckAlone(Encoder& encoder, const EncoderBatch& batch, const std::vector<Output>& together) {
  for (size_t i = 0; i < batch.texts.size(); ++i) {
    auto alone = encoder.Encode(Alone(batch, i));
    ASSERT_TRUE(alone.ok()) << alone.error().ToString();
    for (const Output& output : *alone) {
      auto same = std::ranges::find(together, output.name, &Output::name);
      ASSERT_NE(same, together.end());
      const std::vector<float>& got = output.rows[0];
      EXPECT_TRUE(std::equal(got.begin(), got.end(), same->rows[i].begin())) << output.name;
    }
  }
}

void CheckModel(const format::ModelFiles& files, const format::Weights* drawn_inputs,
                KnownAnswers& answers) {
  SCOPED_TRACE(files.path);
  EXPECT_TRUE(IsEncoder(files));
  ComputePool pool(2);
  auto encoder = LoadEncoder(files, {nn::Compute::kF32, {}}, pool);
  ASSERT_TRUE(encoder.ok()) << encoder.error().ToString();
  auto expected = format::OpenSafetensors({JoinPath(files.path, "expected.safetensors")});
  ASSERT_TRUE(expected.ok()) << expected.error().ToString();
  const EncoderBatch batch = testing::ReadBatch(**expected, drawn_inputs);
  auto outputs = (*encoder)->Encode(batch);
  ASSERT_TRUE(outputs.ok()) << outputs.error().ToString();
  Agreement agreement;
  CheckOutputs(*outputs, **expected, agreement);
  answers.Compared(agreement.values);
  // For the table of docs/models.md.
  ::testing::Test::RecordProperty(
      "golden", StrCat(nn::testing::CaseName(files.path), "|", (*encoder)->info().architecture,
                       "|safetensors|", nn::testing::MatrixTypes(*files.weights), "|",
                       agreement.names, "|", agreement.worst));
  CheckAlone(**encoder, batch, *outputs);
}

void CheckFolder(KnownAnswers& answers) {
  auto files = format::OpenModel(answers.path());
  ASSERT_TRUE(files.ok()) << files.error().ToString();
  CheckModel(*files, nullptr, answers);
}

// The committed answers of original implementations: weights are drawn from a seed, so that every
// checkout verifies every family (tests/golden/make_known_answers.py).
const std::string kKnown = JoinPath(PANO_SOURCE_DIR, "tests/golden/known");

std::vector<std::string> KnownEncoders() {
  std::vector<std::string> names;
  const std::vector<std::string> all = ListDirectory(kKnown).value();
  for (const std::string& name : all) {
    if (IsEncoder(nn::testing::OpenDrawnModel(JoinPath(kKnown, name)).files)) {
      names.push_back(name);
    }
  }
  return names;
}

class GoldenKnownEncoder : public ::testing::TestWithParam<std::string> {};
TEST_P(GoldenKnownEncoder, EveryOutput) {
  PANO_KNOWN_ANSWERS(KnownAnswers, answers, kKnown, GetParam(), "");
  const auto drawn = nn::testing::OpenDrawnModel(answers.path());
  CheckModel(drawn.files, drawn.inputs.get(), answers);
}
INSTANTIATE_TEST_SUITE_P(Models, GoldenKnownEncoder, ::testing::ValuesIn(KnownEncoders()),
                         [](const auto& one) { return one.param; });

TEST(GoldenKnownEncoder, HasEveryFamilyAndNothingElse) {
  std::set<std::string_view> seen;
  const std::vector<std::string> all = ListDirectory(kKnown).value();
  for (const std::string& name : all) {
    const auto drawn = nn::testing::OpenDrawnModel(JoinPath(kKnown, name));
    const EncoderFamily* family = FindEncoderFamily(drawn.files);
    if (family) seen.insert(family->name);
    EXPECT_TRUE(family || nn::ReadFamilyConfig(drawn.files).ok()) << name << " is never compared";
  }
  for (const EncoderFamily* family : EncoderFamilies()) {
    EXPECT_TRUE(seen.contains(family->name)) << family->name << " has no known answer";
  }
}

// transformers 5 writes T5 v1.1 without lm_head: the answers are those of a head that is the shared
// embedding, unscaled.
TEST(T5, WithoutAHeadTheEmbeddingServesUnscaled) {
  const auto drawn = nn::testing::OpenDrawnModel(JoinPath(kKnown, "t5_gated"));
  auto inputs = format::OpenSafetensors({JoinPath(drawn.files.path, "expected.safetensors")});
  ASSERT_TRUE(inputs.ok()) << inputs.error().ToString();
  const EncoderBatch batch = testing::ReadBatch(**inputs, drawn.inputs.get());
  ComputePool pool(2);
  auto logits = [&](bool copied) {
    auto weights = std::make_shared<nn::testing::MemoryWeights>();
    for (const std::string& name : drawn.files.weights->Names()) {
      const tensor::TensorView& from = *drawn.files.weights->Find(
          name == "lm_head.weight" ? std::string("shared.weight") : name);
      const auto* values = reinterpret_cast<const float*>(from.data);
      weights->Add(name, from.shape, std::vector<float>(values, values + from.bytes / 4));
    }
    if (!copied) weights->Remove("lm_head.weight");
    format::ModelFiles files = drawn.files;
    files.weights = weights;
    auto encoder = LoadEncoder(files, {nn::Compute::kF32, {}}, pool);
    EXPECT_TRUE(encoder.ok()) << encoder.error().ToString();
    auto outputs = (*encoder)->Encode(batch);
    EXPECT_TRUE(outputs.ok()) << outputs.error().ToString();
    return outputs->front().rows;
  };
  const auto want = logits(true), got = logits(false);
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < want.size(); ++i) {
    ASSERT_EQ(got[i].size(), want[i].size());
    for (size_t j = 0; j < want[i].size(); ++j) EXPECT_NEAR(got[i][j], want[i][j], 1e-4);
  }
}

class GoldenEncoder : public ::testing::TestWithParam<const char*> {};
TEST_P(GoldenEncoder, EveryOutput) {
  PANO_KNOWN_ANSWERS(SharedAnswers, answers, PANO_SOURCE_DIR, StrCat("golden/", GetParam()));
  CheckFolder(answers);
}
INSTANTIATE_TEST_SUITE_P(Models, GoldenEncoder,
                         ::testing::Values("models/bert_base", "models/bert_seqcls",
                                           "models/bert_tokcls", "models/clip",
                                           "models/distilbert_seqcls", "models/nomic_bert",
                                           "models/roberta_seqcls", "models/sentence_mean",
                                           "models/t5", "models/vit", "models_next/modernbert_mlm",
                                           "models_next/modernbert_sentence"));

// Answers of the original implementation that tests/golden makes.
class GoldenEncoderExtra : public ::testing::TestWithParam<const char*> {};
TEST_P(GoldenEncoderExtra, EveryOutput) {
  const char* root = std::getenv("PANO_GOLDEN_EXTRA");
  PANO_KNOWN_ANSWERS(KnownAnswers, answers,
                     root ? root : JoinPath(PANO_SOURCE_DIR, "build/golden_extra"), GetParam(),
                     "larger models were not made: tests/golden/make_models.py");
  CheckFolder(answers);
}
INSTANTIATE_TEST_SUITE_P(Models, GoldenEncoderExtra,
                         ::testing::Values("bert_mlm", "clip_eos2", "distilbert_mlm",
                                           "distilbert_tokcls", "modernbert_seqcls",
                                           "modernbert_seqcls_cls", "modernbert_tokcls",
                                           "nomic_embed", "roberta_embed", "roberta_mlm",
                                           "roberta_tokcls", "sentence_cls", "t5_gated",
                                           "vit_base"));

}  // namespace
}  // namespace pano::encoder
