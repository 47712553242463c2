// Merging into a small drawn model: the arithmetic by its formula, the folder's form, and that
// nothing half written ever stands under the folder's name.
#include "model/adapter/merge/merge.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "base/testing/fault_env.h"
#include "base/threads.h"
#include "model/adapter/testing/tiny_adapter.h"

namespace pano::adapter {
namespace {

using tensor::TensorView;
using testing::TinyAdapter;
using testing::TinyModel;

class Merging : public ::testing::Test {
 protected:
  void SetUp() override {
    work_ = StrCat(::testing::TempDir(), "merge_test.", getpid());
    (void)Env::Real().RemoveTree(work_);
    ASSERT_TRUE(Env::Real().MakeFolder(work_).ok());
  }
  void TearDown() override { (void)Env::Real().RemoveTree(work_); }

  void WriteInputs(int shards = 1) {
    ASSERT_TRUE(testing::WriteBase(model_, At("base"), shards).ok());
    const Status written = adapter_.Write(At("adapter"));
    ASSERT_TRUE(written.ok()) << written.ToString();
  }
  std::string At(std::string_view name) const { return JoinPath(work_, name); }
  MergeRequest Request() const {
    return {.model = At("base"), .adapter = At("adapter"), .out = At("out")};
  }
  Result<MergeReport> Run(Env& env = Env::Real()) { return Merge(Request(), pool_, env); }
  void Expect(size_t merged) {
    const auto report = Run();
    ASSERT_TRUE(report.ok()) << report.error().ToString();
    EXPECT_EQ(report->merged, merged);
    auto files = format::OpenModel(At("out"));
    ASSERT_TRUE(files.ok()) << files.error().ToString();
    out_ = *files;
  }
  void ExpectRefused(std::string_view word) {
    const auto report = Run();
    ASSERT_FALSE(report.ok());
    EXPECT_NE(report.error().message().find(word), std::string::npos) << report.error().message();
    EXPECT_FALSE(IsDirectory(At("out")));
    for (const std::string& name : Names()) EXPECT_EQ(name.find(".tmp-"), std::string::npos) << name;
  }
  std::vector<std::string> Names() const { return ListDirectory(work_).value(); }

  std::vector<double> Of(std::string_view key) const {
    return Doubles(*adapter_.weights->Find(StrCat("base_model.model.", key)));
  }
  std::vector<double> Base(std::string_view name) const {
    return Doubles(*model_.weights->Find(name));
  }
  std::vector<double> Out(std::string_view name) const { return Doubles(*out_.weights->Find(name)); }

  // W + scale B A.
  std::vector<double> Added(const std::string& module, int64_t out, int64_t in, double scale) const {
    std::vector<double> w = Base(module + ".weight");
    const std::vector<double> a = Of(module + ".lora_A.weight"), b = Of(module + ".lora_B.weight");
    const int64_t rank = static_cast<int64_t>(a.size()) / in;
    for (int64_t i = 0; i < out; ++i) {
      for (int64_t j = 0; j < in; ++j) {
        double sum = 0;
        for (int64_t k = 0; k < rank; ++k) sum += b[At2(i, k, rank)] * a[At2(k, j, in)];
        w[At2(i, j, in)] += scale * sum;
      }
    }
    return w;
  }
  static size_t At2(int64_t row, int64_t column, int64_t columns) {
    return static_cast<size_t>(row * columns + column);
  }
  static void ExpectRounded(const std::vector<double>& got, const std::vector<double>& want) {
    ASSERT_EQ(got.size(), want.size());
    for (size_t i = 0; i < got.size(); ++i) {
      ASSERT_EQ(got[i], static_cast<double>(static_cast<float>(want[i]))) << i;
    }
  }

  ComputePool pool_{2};
  TinyModel model_;
  TinyAdapter adapter_;
  format::ModelFiles out_;
  std::string work_;
  const std::string q0_ = "model.layers.0.self_attn.q_proj";
  const std::string q1_ = "model.layers.1.self_attn.q_proj";
};

TEST_F(Merging, AddsTheProductAndLeavesTheRestAlone) {
  adapter_.AddQueries();
  WriteInputs();
  Expect(2);
  ExpectRounded(Out(q0_ + ".weight"), Added(q0_, 80, 48, 2));
  ExpectRounded(Out(q1_ + ".weight"), Added(q1_, 80, 48, 2));
  for (const std::string& name : model_.weights->Names()) {
    if (name.find("q_proj") != std::string::npos) continue;
    const TensorView& before = *model_.weights->Find(name);
    const TensorView& after = *out_.weights->Find(name);
    EXPECT_EQ(std::memcmp(before.data, after.data, before.bytes), 0) << name;
  }
  for (const char* name : {"config.json", "generation_config.json"}) {
    EXPECT_EQ(*ReadFile(JoinPath(At("out"), name)), *ReadFile(JoinPath(At("base"), name)));
  }
}

TEST_F(Merging, KeepsTheShardsTheirOrderAndWhatLiesBeside) {
  adapter_.AddQueries();
  WriteInputs(3);
  const std::string pooling = JoinPath(At("base"), "1_Pooling");
  ASSERT_TRUE(WriteFile(JoinPath(At("base"), "modules.json"),
                        R"([{"path":""},{"path":"1_Pooling"}])")
                  .ok());
  ASSERT_TRUE(Env::Real().MakeFolder(pooling).ok());
  ASSERT_TRUE(WriteFile(JoinPath(pooling, "config.json"), "{}").ok());
  ASSERT_TRUE(WriteFile(JoinPath(At("base"), "LICENSE"), "free").ok());
  ASSERT_TRUE(WriteFile(JoinPath(At("base"), "pytorch_model.bin"), "old").ok());
  Expect(2);
  EXPECT_EQ(*ReadFile(JoinPath(At("out"), "1_Pooling/config.json")), "{}");
  EXPECT_EQ(*ReadFile(JoinPath(At("out"), "LICENSE")), "free");
  EXPECT_FALSE(FileExists(JoinPath(At("out"), "pytorch_model.bin")));
  EXPECT_EQ(json::Parse(*ReadFile(JoinPath(At("out"), "model.safetensors.index.json"))).value(),
            json::Parse(*ReadFile(JoinPath(At("base"), "model.safetensors.index.json"))).value());
  for (int i = 0; i < 3; ++i) {
    const std::string name = StrCat("model-", i, ".safetensors");
    EXPECT_EQ(ReadFile(JoinPath(At("out"), name))->size(),
              ReadFile(JoinPath(At("base"), name))->size());
  }
}

// The merged model is what the adapter's data made of it, whatever made the base.
TEST_F(Merging, TheLineageIsTheAdapters) {
  adapter_.AddQueries();
  WriteInputs();
  ASSERT_TRUE(WriteFile(JoinPath(At("base"), "lineage.json"), "of the base").ok());
  Expect(2);
  EXPECT_FALSE(FileExists(JoinPath(At("out"), "lineage.json")));
  ASSERT_TRUE(Env::Real().RemoveTree(At("out")).ok());
  ASSERT_TRUE(WriteFile(JoinPath(At("adapter"), "lineage.json"), "of the adapter").ok());
  Expect(2);
  EXPECT_EQ(*ReadFile(JoinPath(At("out"), "lineage.json")), "of the adapter");
}

TEST_F(Merging, StretchesRowsToDorasLengths) {
  adapter_.AddQueries();
  adapter_.config =
      R"({"r":3,"lora_alpha":6,"use_dora":true,"target_modules":["q_proj"]})";
  adapter_.Add(q0_ + ".lora_magnitude_vector", {80});
  adapter_.Add(q1_ + ".lora_magnitude_vector.weight", {80});
  WriteInputs();
  Expect(2);
  std::vector<double> want = Added(q0_, 80, 48, 2);
  const std::vector<double> lengths = Of(q0_ + ".lora_magnitude_vector");
  for (int64_t i = 0; i < 80; ++i) {
    double squares = 0;
    for (int64_t j = 0; j < 48; ++j) squares += want[At2(i, j, 48)] * want[At2(i, j, 48)];
    const double factor = lengths[static_cast<size_t>(i)] / std::sqrt(squares);
    for (int64_t j = 0; j < 48; ++j) want[At2(i, j, 48)] *= factor;
  }
  ExpectRounded(Out(q0_ + ".weight"), want);
}

TEST_F(Merging, AnEmbeddingTakesItsTiedHeadApart) {
  adapter_.config = R"({"r":3,"lora_alpha":6,"target_modules":["embed_tokens"]})";
  adapter_.Add("model.embed_tokens.lora_embedding_A", {3, TinyModel::kVocab});
  adapter_.Add("model.embed_tokens.lora_embedding_B", {TinyModel::kHidden, 3});
  WriteInputs(2);
  Expect(2);
  ExpectRounded(Out("lm_head.weight"), Base("model.embed_tokens.weight"));
  std::vector<double> want = Base("model.embed_tokens.weight");
  const std::vector<double> a = Of("model.embed_tokens.lora_embedding_A"),
                            b = Of("model.embed_tokens.lora_embedding_B");
  for (int64_t row = 0; row < TinyModel::kVocab; ++row) {
    for (int64_t j = 0; j < TinyModel::kHidden; ++j) {
      double sum = 0;
      for (int64_t k = 0; k < 3; ++k) sum += b[At2(j, k, 3)] * a[At2(k, row, TinyModel::kVocab)];
      want[At2(row, j, TinyModel::kHidden)] += 2 * sum;
    }
  }
  ExpectRounded(Out("model.embed_tokens.weight"), want);
  EXPECT_EQ(*out_.config.Find("tie_word_embeddings"), json::Value(false));
  // The head stands in the embedding's shard, and the index says so.
  const json::Value index =
      json::Parse(*ReadFile(JoinPath(At("out"), "model.safetensors.index.json"))).value();
  const json::Value& map = *index.Find("weight_map");
  EXPECT_EQ(*map.Find("lm_head.weight"), *map.Find("model.embed_tokens.weight"));
  int64_t bytes = 0;
  for (const std::string& name : out_.weights->Names()) {
    bytes += static_cast<int64_t>(out_.weights->Find(name)->bytes);
  }
  EXPECT_EQ(index.Find("metadata")->Find("total_size")->as_int(), bytes);
}

TEST_F(Merging, ASavedHeadIsTakenApartFromTheEmbedding) {
  adapter_.AddQueries();
  adapter_.config =
      R"({"r":3,"lora_alpha":6,"target_modules":["q_proj"],"modules_to_save":["lm_head"]})";
  adapter_.Add("lm_head.weight", {TinyModel::kVocab, TinyModel::kHidden});
  WriteInputs();
  Expect(3);
  ExpectRounded(Out("lm_head.weight"), Of("lm_head.weight"));
  ExpectRounded(Out("model.embed_tokens.weight"), Base("model.embed_tokens.weight"));
  EXPECT_EQ(*out_.config.Find("tie_word_embeddings"), json::Value(false));
}

TEST_F(Merging, TrainedTokensStayTied) {
  adapter_.AddQueries();
  adapter_.config =
      R"({"r":3,"lora_alpha":6,"target_modules":["q_proj"],"trainable_token_indices":[7,2]})";
  adapter_.Add("model.embed_tokens.token_adapter.trainable_tokens_delta", {2, TinyModel::kHidden});
  WriteInputs();
  Expect(3);
  std::vector<double> want = Base("model.embed_tokens.weight");
  const std::vector<double> rows = Of("model.embed_tokens.token_adapter.trainable_tokens_delta");
  std::copy_n(rows.begin(), 48, want.begin() + 7 * 48);
  std::copy_n(rows.begin() + 48, 48, want.begin() + 2 * 48);
  ExpectRounded(Out("model.embed_tokens.weight"), want);
  EXPECT_FALSE(out_.weights->Find("lm_head.weight"));
  EXPECT_EQ(*out_.config.Find("tie_word_embeddings"), json::Value(true));
}

// PEFT stores an adapted embedding's own matrix too; it changes nothing where it is the base's.
TEST_F(Merging, AStoredEmbeddingThatIsTheBasesChangesNothing) {
  adapter_.AddQueries();
  const TensorView& embedding = *model_.weights->Find("model.embed_tokens.weight");
  adapter_.weights->Add("base_model.model.model.embed_tokens.weight", embedding.shape,
                        Floats(embedding));
  WriteInputs();
  const auto report = Run();
  ASSERT_TRUE(report.ok()) << report.error().ToString();
  EXPECT_FALSE(report->untied);
  out_ = format::OpenModel(At("out")).value();
  ExpectRounded(Out("model.embed_tokens.weight"), Base("model.embed_tokens.weight"));
}

TEST_F(Merging, ValuesThatTheTypeCannotHoldAreRefused) {
  adapter_.AddQueries();
  adapter_.config = R"({"r":3,"lora_alpha":6e8,"target_modules":["q_proj"]})";
  std::vector<float> large(240, 1e33f);
  adapter_.weights->Add(StrCat("base_model.model.", q0_, ".lora_B.weight"), {80, 3}, large);
  WriteInputs();
  ExpectRefused("does not fit F32");
}

TEST_F(Merging, TheBiasOfBNeedsAPlace) {
  adapter_.AddQueries();
  adapter_.config = R"({"r":3,"lora_alpha":6,"lora_bias":true,"target_modules":["q_proj"]})";
  adapter_.Add(q0_ + ".lora_B.bias", {80});
  adapter_.Add(q1_ + ".lora_B.bias", {80});
  WriteInputs();
  ExpectRefused("lora_bias");
}

TEST_F(Merging, WhatStandsThereIsNotReplacedUnasked) {
  adapter_.AddQueries();
  WriteInputs();
  Expect(2);
  EXPECT_EQ(Run().error().code(), StatusCode::kAlreadyExists);
  MergeRequest request = Request();
  request.overwrite = true;
  EXPECT_TRUE(Merge(request, pool_).ok());
  // Not a folder that holds anything else.
  ASSERT_TRUE(WriteFile(JoinPath(At("out"), "letter.odt"), "dear").ok());
  EXPECT_EQ(Merge(request, pool_).error().code(), StatusCode::kAlreadyExists);
}

TEST_F(Merging, NamesWhatIsMissingOrDamaged) {
  adapter_.AddQueries();
  WriteInputs();
  MergeRequest request = Request();
  request.model = At("none");
  EXPECT_NE(Merge(request, pool_).error().message().find("none"), std::string::npos);
  const std::string weights = JoinPath(At("adapter"), "adapter_model.safetensors");
  std::string text = *ReadFile(weights);
  text.resize(text.size() - 5);
  ASSERT_TRUE(WriteFile(weights, text).ok());
  ExpectRefused("adapter_model.safetensors");
}

TEST_F(Merging, ABaseThatIsNotWhatItsConfigurationSaysIsRefused) {
  adapter_.AddQueries();
  model_.weights->Add(q1_ + ".weight", {48, 80}, testing::Drawn(48 * 80, 1));
  WriteInputs();
  ExpectRefused("[48, 80]");
}

// Every call of the file system fails once: then nothing, or the whole model, is called "out".
TEST_F(Merging, NothingHalfWrittenIsCalledOut) {
  adapter_.AddQueries();
  WriteInputs(2);
  const std::vector<std::string> files = ListDirectory(At("base")).value();
  int64_t failed = 0;
  for (int64_t at = 0, calls = 1; at < calls; ++at) {
    ASSERT_LT(at, 400);
    FaultEnv env(Env::Real(), {.fail_at = at, .fail_errno = ENOSPC});
    const auto report = Run(env);
    calls = std::max(calls, env.calls());
    if (IsDirectory(At("out"))) {
      EXPECT_TRUE(format::OpenModel(At("out")).ok()) << at;
      const std::vector<std::string> written = ListDirectory(At("out")).value();
      EXPECT_EQ(written, files) << at;
      ASSERT_TRUE(Env::Real().RemoveTree(At("out")).ok());
    } else {
      EXPECT_FALSE(report.ok()) << at;
      ++failed;
    }
  }
  EXPECT_GT(failed, 20);
}

}  // namespace
}  // namespace pano::adapter
