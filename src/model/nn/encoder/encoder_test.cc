#include "model/nn/encoder/encoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/threads.h"
#include "model/nn/encoder/testing/tiny_encoder.h"
#include "model/nn/encoder/tower_encoder.h"
#include "model/nn/testing/random_adapter.h"

namespace pano::encoder {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::TinyEncoder;

class EncoderTest : public ::testing::Test {
 protected:
  std::unique_ptr<Encoder> Load(const TinyEncoder& tiny) {
    auto encoder = LoadEncoder(tiny.files, {}, pool_);
    EXPECT_TRUE(encoder.ok()) << encoder.error().ToString();
    return encoder.ok() ? std::move(*encoder) : nullptr;
  }
  std::string LoadError(const TinyEncoder& tiny) {
    return LoadEncoder(tiny.files, {}, pool_).error().ToString();
  }
  static Output Of(Encoder& encoder, const EncoderBatch& batch, const std::string& name) {
    auto outputs = encoder.Encode(batch);
    EXPECT_TRUE(outputs.ok()) << outputs.error().ToString();
    for (const Output& output : *outputs) {
      if (output.name == name) return output;
    }
    ADD_FAILURE() << name;
    return {};
  }
  static std::string EncodeError(Encoder& encoder, EncoderBatch batch) {
    return encoder.Encode(batch).error().ToString();
  }
  ComputePool pool_{2};
};

TEST_F(EncoderTest, SaysWhatItIs) {
  TinyEncoder tiny("BertForTokenClassification");
  tiny.AddLinear("classifier", 2, TinyEncoder::kHidden);
  tiny.files.config.Set("id2label", json::Object{{"0", "O"}, {"1", "NAME"}});
  EXPECT_TRUE(IsEncoder(tiny.files));
  auto encoder = Load(tiny);
  EXPECT_EQ(encoder->info().task, Task::kTokenClassification);
  EXPECT_THAT(encoder->info().labels, ElementsAre("O", "NAME"));
  EXPECT_EQ(encoder->info().text->max_length, TinyEncoder::kPositions);
  EXPECT_EQ(encoder->info().text->token_types, 2);
  ASSERT_TRUE(encoder->info().FindOutput("logits"));
  EXPECT_TRUE(encoder->info().FindOutput("logits")->per_token);

  nn::testing::TinyModel decoder;
  EXPECT_FALSE(IsEncoder(decoder.files));
}

TEST_F(EncoderTest, MeanOfTheRowsThatCountIsTheDefaultEmbedding) {
  auto encoder = Load(TinyEncoder());
  EXPECT_EQ(encoder->info().pooling, "mean");
  EncoderBatch batch;
  batch.texts = {{.ids = {3, 4, 5, 6}, .mask = {1, 1, 0, 1}}};
  const std::vector<float> rows = Of(*encoder, batch, "last_hidden_state").rows[0];
  const std::vector<float> mean = Of(*encoder, batch, "sentence_embedding").rows[0];
  for (size_t d = 0; d < 24; ++d) {
    EXPECT_EQ(rows[2 * 24 + d], 0.0f);
    EXPECT_NEAR(mean[d], (rows[d] + rows[24 + d] + rows[3 * 24 + d]) / 3, 1e-6);
  }
}

TEST_F(EncoderTest, RowsDoNotDependOnPaddingOrOnTheBatch) {
  auto encoder = Load(TinyEncoder());
  EncoderBatch alone, padded;
  alone.texts = {{.ids = {3, 4, 5, 6, 7}}};
  padded.texts = {{.ids = std::vector<nn::TokenId>(40, 9)},
                  {.ids = {3, 4, 5, 6, 7, 0, 0, 0}, .mask = {1, 1, 1, 1, 1, 0, 0, 0}},
                  {.ids = {1}}};
  const std::vector<float> one = Of(*encoder, alone, "last_hidden_state").rows[0];
  std::vector<float> many = Of(*encoder, padded, "last_hidden_state").rows[1];
  EXPECT_EQ(many.size(), 8u * 24);
  many.resize(one.size());
  EXPECT_EQ(one, many);
}

// So many rows that each thread takes some of the texts through all layers alone, with an adapter of some.
TEST_F(EncoderTest, TextsThatThreadsShareOutHaveTheBitsOfEachAlone) {
  for (const nn::Compute compute : {nn::Compute::kF32, nn::Compute::kFast}) {
    auto encoder = LoadEncoder(TinyEncoder().files, {compute, {}}, pool_);
    ASSERT_TRUE(encoder.ok()) << encoder.error().ToString();
    auto adapter = std::make_shared<nn::BoundAdapter>();
    uint64_t seed = 0;
    for (const nn::LayerWeights& w : (*encoder)->AsTowers()->text_weights()->layers) {
      for (const ops::Linear* linear : {&w.q, &w.up, &w.down}) {
        adapter->weights.Change(*linear).low_rank =
            nn::testing::DrawLowRank(linear->in(), linear->out(), 4, ++seed, 0.5f);
      }
    }
    EncoderBatch batch;
    for (int i = 0; i < 12; ++i) {
      TextRow& text = batch.texts.emplace_back();
      for (int t = 0; t < 36 + i % 4 * 4; ++t) text.ids.push_back((i * 7 + t * 3) % 37);
      if (i % 3 == 1) text.adapter = adapter;
    }
    const std::vector<std::vector<float>> many = Of(**encoder, batch, "last_hidden_state").rows;
    for (size_t i = 0; i < batch.texts.size(); ++i) {
      EncoderBatch one;
      one.texts = {batch.texts[i]};
      EXPECT_EQ(Of(**encoder, one, "last_hidden_state").rows[0], many[i]) << i;
    }
    batch.texts[4].adapter = nullptr;
    EXPECT_NE(Of(**encoder, batch, "last_hidden_state").rows[4], many[4]);
  }
}

TEST_F(EncoderTest, ComputesOnlyWhatIsWanted) {
  auto encoder = Load(TinyEncoder());
  EncoderBatch batch;
  batch.texts = {{.ids = {1, 2}}};
  batch.outputs = {"sentence_embedding"};
  auto outputs = encoder->Encode(batch);
  ASSERT_TRUE(outputs.ok());
  EXPECT_EQ(outputs->size(), 1u);
  batch.outputs = {"logits"};
  EXPECT_THAT(EncodeError(*encoder, batch), HasSubstr("no output 'logits'"));
}

TEST_F(EncoderTest, RefusesInputsByName) {
  auto encoder = Load(TinyEncoder());
  auto error = [&](TextRow row) {
    EncoderBatch batch;
    batch.texts = {{.ids = {1}}, std::move(row)};
    return EncodeError(*encoder, batch);
  };
  EXPECT_THAT(error({.ids = {}}), HasSubstr("input_ids[1] is empty"));
  EXPECT_THAT(error({.ids = {37}}), HasSubstr("id 37 is outside the vocabulary of 37"));
  EXPECT_THAT(error({.ids = {-1}}), HasSubstr("id -1 is outside"));
  EXPECT_THAT(error({.ids = std::vector<nn::TokenId>(49, 1)}),
              HasSubstr("49 ids, the model takes at most 48"));
  EXPECT_THAT(error({.ids = {1, 2}, .mask = {0, 0}}),
              HasSubstr("attention_mask[1] leaves every id out"));
  EXPECT_THAT(error({.ids = {1, 2}, .mask = {1}}),
              HasSubstr("attention_mask[1] has 1 values for 2"));
  EXPECT_THAT(error({.ids = {1}, .types = {2}}), HasSubstr("type 2 is not below 2"));
  EXPECT_THAT(EncodeError(*encoder, {}), HasSubstr("input_ids are missing"));
  EncoderBatch images;
  images.images = {{0.0f}};
  EXPECT_THAT(EncodeError(*encoder, images), HasSubstr("sees no images"));
  EncoderBatch pair;
  pair.texts = {{.ids = {1}}};
  pair.decoder_ids = {{1}};
  EXPECT_THAT(EncodeError(*encoder, pair), HasSubstr("has no decoder"));
}

TEST_F(EncoderTest, RefusesFilesByName) {
  TinyEncoder purpose("BertForQuestionAnswering");
  EXPECT_THAT(LoadError(purpose), HasSubstr("'QuestionAnswering' is not supported"));

  TinyEncoder extra;
  extra.Add("embeddings.mystery", {4});
  EXPECT_THAT(LoadError(extra), HasSubstr("tensor embeddings.mystery belongs to nothing"));

  TinyEncoder missing;
  missing.weights->Remove("encoder.layer.1.output.dense.bias");
  EXPECT_THAT(LoadError(missing), HasSubstr("encoder.layer.1.output.dense.bias is missing"));

  TinyEncoder relative;
  relative.files.config.Set("position_embedding_type", "relative_key");
  EXPECT_THAT(LoadError(relative),
              HasSubstr("position_embedding_type = \"relative_key\" is not supported"));

  TinyEncoder labels("BertForSequenceClassification");
  labels.files.config.Set("id2label", json::Object{{"0", "a"}, {"2", "b"}});
  EXPECT_THAT(LoadError(labels), HasSubstr("no name for label 1"));

  TinyEncoder unknown;
  unknown.files.config.Set("model_type", "bertle");
  EXPECT_FALSE(IsEncoder(unknown.files));
  EXPECT_THAT(LoadError(unknown), HasSubstr("is no encoder that is supported; supported: bert,"));
}

TEST_F(EncoderTest, PrefixAndOlderNamesOfNormsAreKnown) {
  TinyEncoder plain, older;
  for (const std::string& name : older.weights->Names()) {
    const tensor::TensorView view = *older.weights->Find(name);
    std::string renamed = "bert." + name;
    if (const size_t at = renamed.find("LayerNorm."); at != std::string::npos) {
      renamed =
          renamed.substr(0, at) + "LayerNorm." + (renamed.ends_with("weight") ? "gamma" : "beta");
    }
    const float* from = view.as<float>();
    older.weights->Add(renamed, view.shape, {from, from + view.elements()});
    older.weights->Remove(name);
  }
  EncoderBatch batch;
  batch.texts = {{.ids = {1, 2, 3}}};
  EXPECT_EQ(Of(*Load(plain), batch, "last_hidden_state").rows,
            Of(*Load(older), batch, "last_hidden_state").rows);
}

// The converter's own names of the same tensors.
std::string GgufName(std::string name) {
  const std::pair<const char*, const char*> parts[] = {
      {"embeddings.word_embeddings", "token_embd"},
      {"embeddings.position_embeddings", "position_embd"},
      {"embeddings.token_type_embeddings", "token_types"},
      {"embeddings.LayerNorm", "token_embd_norm"},
      {"encoder.layer.", "blk."},
      {"attention.self.query", "attn_q"},
      {"attention.self.key", "attn_k"},
      {"attention.self.value", "attn_v"},
      {"attention.output.dense", "attn_output"},
      {"attention.output.LayerNorm", "attn_output_norm"},
      {"intermediate.dense", "ffn_up"},
      {"output.dense", "ffn_down"},
      {"output.LayerNorm", "layer_output_norm"}};
  for (const auto& [from, to] : parts) {
    if (const size_t at = name.find(from); at != std::string::npos) {
      name.replace(at, std::string_view(from).size(), to);
    }
  }
  return name;
}

TEST_F(EncoderTest, GgufGivesTheSame) {
  TinyEncoder hub, gguf;
  for (const std::string& name : gguf.weights->Names()) {
    const tensor::TensorView view = *gguf.weights->Find(name);
    const float* from = view.as<float>();
    gguf.weights->Add(GgufName(name), view.shape, {from, from + view.elements()});
    gguf.weights->Remove(name);
  }
  gguf.files.kind = format::ModelFiles::Kind::kGguf;
  json::Value& metadata = gguf.files.metadata;
  metadata.Set("general.architecture", "bert");
  metadata.Set("bert.embedding_length", TinyEncoder::kHidden);
  metadata.Set("bert.feed_forward_length", TinyEncoder::kFfn);
  metadata.Set("bert.block_count", 2);
  metadata.Set("bert.attention.head_count", TinyEncoder::kHeads);
  metadata.Set("bert.context_length", TinyEncoder::kPositions);
  metadata.Set("bert.attention.layer_norm_epsilon", 1e-12);
  metadata.Set("bert.attention.causal", false);
  metadata.Set("bert.pooling_type", 2);
  EncoderBatch batch;
  batch.texts = {{.ids = {5, 6, 7}, .types = {0, 1, 1}}};
  auto encoder = Load(gguf);
  EXPECT_EQ(encoder->info().pooling, "cls");
  const Output states = Of(*encoder, batch, "last_hidden_state");
  EXPECT_EQ(states.rows, Of(*Load(hub), batch, "last_hidden_state").rows);
  const std::vector<float> first(states.rows[0].begin(),
                                 states.rows[0].begin() + TinyEncoder::kHidden);
  EXPECT_EQ(Of(*encoder, batch, "sentence_embedding").rows[0], first);
}

}  // namespace
}  // namespace pano::encoder
