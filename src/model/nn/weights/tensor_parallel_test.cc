// A decoder divided among ranks, each a thread with a part of the weights, a state and a pool of
// its own, gives what one rank gives.
//
// The bound. Ranks change one thing: each of the two sums a layer that lead back into the residual
// stream (attention's output, feed-forward's) is added up in `ranks` parts. That moves a sum by
// about one rounding, 2^-24 of its size; after L layers the stream has moved by some 2 L roundings,
// and norms, softmax and the head between them and the logits may magnify that by a few: 8 is
// taken. So |a - b| <= 16 L 2^-24 max|logit|, 2e-6 to 4e-6 for the models here (known answers are
// given 2e-5).
#include "model/nn/weights/tensor_parallel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <thread>

#include "base/env.h"
#include "base/strings.h"
#include "base/testing/known_answers.h"
#include "base/testing/memory_metrics.h"
#include "base/threads.h"
#include "infra/collective/in_process.h"
#include "infra/collective/measured.h"
#include "model/nn/decoder.h"
#include "model/nn/load.h"
#include "model/nn/sequence_runner.h"
#include "model/nn/testing/drawn_model.h"
#include "model/nn/testing/random_model.h"
#include "model/nn/testing/tiny_model.h"
#include "model/nn/weights/matrix_slice.h"
#include "model/tensor/packed.h"

namespace pano::nn {
namespace {

using ::testing::HasSubstr;
using Make = std::function<Result<std::unique_ptr<Model>>(collective::Communicator&, ComputePool&)>;

std::vector<TokenId> Tokens(size_t count, int64_t vocab, uint64_t seed) {
  Random random(seed);
  std::vector<TokenId> tokens(count);
  for (TokenId& t : tokens) t = static_cast<TokenId>(random.Below(static_cast<uint64_t>(vocab)));
  return tokens;
}

// All logits of a sequence: a prompt, then tokens one by one, as generation steps.
Status Run(Model& model, const std::vector<TokenId>& tokens, std::vector<float>& logits) {
  PANO_ASSIGN_OR_RETURN(SequenceRunner runner,
                        SequenceRunner::Create(model, static_cast<int64_t>(tokens.size())));
  auto collect = [&](size_t, std::span<const float> row) {
    logits.insert(logits.end(), row.begin(), row.end());
  };
  const std::span<const TokenId> all(tokens);
  const size_t prompt = tokens.size() - 8;
  PANO_RETURN_IF_ERROR(runner.Feed(all.first(prompt), 0, collect));
  for (size_t i = prompt; i < tokens.size(); ++i) {
    PANO_RETURN_IF_ERROR(runner.Feed(all.subspan(i, 1), 0, collect));
  }
  return {};
}

// What every rank computes, the ranks at the same time. What they say to each other is counted.
std::vector<std::vector<float>> OnRanks(int ranks, const Make& make,
                                        const std::vector<TokenId>& tokens,
                                        MetricRegistry& metrics = MetricRegistry::None()) {
  auto group = collective::CreateInProcessGroup(ranks);
  for (auto& rank : group) rank = collective::Measure(std::move(rank), metrics);
  std::vector<std::vector<float>> logits(group.size());
  std::vector<std::jthread> threads;
  for (size_t r = 0; r < group.size(); ++r) {
    threads.emplace_back([&, r] {
      ComputePool pool(1);
      auto model = make(*group[r], pool);
      Status status = model.error();
      if (status.ok()) status = Run(**model, tokens, logits[r]);
      if (!status.ok()) group[r]->Abort(status);  // or the others would wait
      EXPECT_TRUE(status.ok()) << status.ToString();
    });
  }
  threads.clear();
  return logits;
}

// `ranks` ranks against one.
void CheckRanks(int ranks, int64_t layers, const Make& make, const std::vector<TokenId>& tokens) {
  SCOPED_TRACE(StrCat(ranks, " ranks"));
  const std::vector<float> one = OnRanks(1, make, tokens)[0];
  const auto many = OnRanks(ranks, make, tokens);
  ASSERT_FALSE(one.empty());
  double worst = 0, largest = 0;
  for (const std::vector<float>& logits : many) {
    // Every rank has the same bits: they may sample on their own.
    ASSERT_EQ(logits.size(), one.size());
    EXPECT_EQ(0, std::memcmp(logits.data(), many[0].data(), one.size() * sizeof(float)));
  }
  for (size_t i = 0; i < one.size(); ++i) {
    worst = std::max(worst, static_cast<double>(std::abs(many[0][i] - one[i])));
    largest = std::max(largest, static_cast<double>(std::abs(one[i])));
  }
  EXPECT_LE(worst, 16.0 * static_cast<double>(layers) * std::exp2(-24) * largest);
  EXPECT_GT(worst, 0) << "nothing was divided";
  ::testing::Test::RecordProperty("worst", StrCat(worst / largest));
}

Make FromConfig(const ModelConfig& config) {
  return [config](collective::Communicator& communicator,
                  ComputePool& pool) -> Result<std::unique_ptr<Model>> {
    ModelConfig part = config;
    DecoderWeights weights = testing::DrawWeights(config, 1);
    PANO_RETURN_IF_ERROR(KeepRank(communicator.rank(), communicator.size(), part, weights));
    return std::unique_ptr<Model>(std::make_unique<Decoder>(
        std::move(part), std::move(weights), KvType::kF32,
        ops::CreateCpuContext(Compute::kF32, pool, &communicator)));
  };
}

Make FromFiles(const format::ModelFiles& files, Compute compute) {
  return [files, compute](collective::Communicator& communicator, ComputePool& pool) {
    LoadOptions options;
    options.compute = compute;
    options.kv_type = KvType::kF32;
    options.communicator = &communicator;
    return LoadModel(files, options, pool);
  };
}

// A pass costs each rank two sums of the residual stream a layer and nothing else: what divides a
// model decides what its network has to carry.
TEST(TensorParallel, RanksExchangeTwoSumsALayer) {
  const ModelConfig config = testing::SmallConfig();
  const auto tokens = Tokens(20, config.vocab_size, 1);
  MemoryMetrics metrics;
  OnRanks(2, FromConfig(config), tokens, metrics);
  const auto bytes = [&](const char* operation) {
    return metrics.Value("pano_collective_bytes_total", {{"operation", operation}});
  };
  const int64_t sums = 2 * config.layer_count;
  const auto row_bytes = config.hidden_size * static_cast<int64_t>(sizeof(float));
  EXPECT_EQ(bytes("all_reduce_sum"), static_cast<double>(2 * sums * 20 * row_bytes));
  EXPECT_EQ(bytes("all_gather"), 0);
  EXPECT_EQ(bytes("broadcast"), 0);
  EXPECT_EQ(metrics.Value("pano_collective_failures_total", {{"operation", "all_reduce_sum"}}), 0);
}

TEST(TensorParallel, DecodersOfEveryKindOfLayer) {
  ModelConfig grouped = testing::SmallConfig();
  grouped.qkv_bias = grouped.output_bias = grouped.mlp_bias = true;
  grouped.head_count = 8;
  grouped.kv_head_count = 4;
  grouped.qk_norm = QkNorm::kHeads;
  ModelConfig by_layer = grouped;
  by_layer.kv_head_count = 8;
  by_layer.layers.front().kv_head_count = 8;
  for (size_t i = 1; i < by_layer.layers.size(); ++i) by_layer.layers[i].kv_head_count = 4;
  ModelConfig alibi = testing::SmallConfig();
  alibi.kv_head_count = 4;
  alibi.alibi = true;
  alibi.rope.dim = 0;
  alibi.gated = false;
  alibi.norm = NormKind::kLayer;
  alibi.norm_bias = true;
  alibi.parallel = true;
  alibi.tied_embeddings = true;
  for (const ModelConfig& config :
       {grouped, by_layer, alibi, testing::SmallMixture(), testing::SmallLatent()}) {
    for (int ranks : {2, 4}) {
      if (config.kv_head_count % ranks != 0) continue;
      CheckRanks(ranks, config.layer_count, FromConfig(config), Tokens(45, config.vocab_size, 3));
    }
  }
}

TEST(TensorParallel, LoadsItsPartOfAFile) {
  const testing::TinyModel tiny;
  const std::vector<TokenId> tokens = Tokens(45, testing::TinyModel::kVocab, 5);
  CheckRanks(2, testing::TinyModel::kLayers, FromFiles(tiny.files, Compute::kF32), tokens);
}

// Known models, as their original implementations wrote them.
class TensorParallelGolden : public ::testing::TestWithParam<const char*> {};
TEST_P(TensorParallelGolden, EqualsOneRank) {
  PANO_KNOWN_ANSWERS(SharedAnswers, answers, PANO_SOURCE_DIR,
                     StrCat("golden/models/", GetParam()));
  auto files = format::OpenModel(answers.path());
  ASSERT_TRUE(files.ok()) << files.error().ToString();
  const ModelConfig config = ReadFamilyConfig(*files).value().config;
  const std::vector<TokenId> tokens = Tokens(48, config.vocab_size, 7);
  for (int ranks : {2, 4}) {
    if (!config.latent && config.kv_head_count % ranks != 0) continue;
    CheckRanks(ranks, config.layer_count, FromFiles(*files, Compute::kF32), tokens);
    answers.Compared(tokens.size());
  }
}
INSTANTIATE_TEST_SUITE_P(Models, TensorParallelGolden,
                         ::testing::Values("llama_gqa", "llama_mha", "qwen2", "qwen3", "mixtral",
                                           "qwen3_moe", "deepseek_v2"));

// The same families from the committed cases, whose weights are drawn from a seed.
class TensorParallelKnown : public ::testing::TestWithParam<const char*> {};
TEST_P(TensorParallelKnown, EqualsOneRank) {
  PANO_KNOWN_ANSWERS(KnownAnswers, answers, JoinPath(PANO_SOURCE_DIR, "tests/golden/known"),
                     GetParam(), "");
  const format::ModelFiles files = testing::OpenDrawnModel(answers.path()).files;
  const ModelConfig config = ReadFamilyConfig(files).value().config;
  const std::vector<TokenId> tokens = Tokens(48, config.vocab_size, 7);
  CheckRanks(2, config.layer_count, FromFiles(files, Compute::kF32), tokens);
  answers.Compared(tokens.size());
}
INSTANTIATE_TEST_SUITE_P(Models, TensorParallelKnown,
                         ::testing::Values("llama_v5_config", "mistral_headdim", "qwen2_swa",
                                           "qwen3_swa", "mixtral_swa", "qwen3_moe_mixed",
                                           "deepseek_v2_lora"));

TEST(TensorParallel, NamesWhatDoesNotDivide) {
  ModelConfig config = testing::SmallConfig();
  DecoderWeights weights = testing::DrawWeights(config, 1);
  Status status = KeepRank(0, 4, config, weights);  // two key heads
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("layer 0, query: shape [48, 48] in units of 24 does not "
                                          "divide among 4 ranks"));

  ModelConfig rows = testing::SmallConfig();
  rows.qk_norm = QkNorm::kRow;
  weights = testing::DrawWeights(rows, 1);
  status = KeepRank(1, 2, rows, weights);
  EXPECT_EQ(status.code(), StatusCode::kUnimplemented);
  EXPECT_THAT(status.message(), HasSubstr("query norm: a norm over all heads together"));
}

TEST(TensorParallel, NamesTheMatrixWhoseBlocksWouldBeCut) {
  ModelConfig config = testing::SmallConfig();
  config.ffn_size = 96;  // a rank's 48 columns are one block and a half
  DecoderWeights weights = testing::DrawWeights(config, 1);
  std::vector<std::byte> blocks(48 * 3 * 34);
  weights.layers[1].down.weight = {tensor::DType::kQ8_0, {48, 96}, blocks.data(), blocks.size()};
  const Status status = KeepRank(0, 2, config, weights);
  EXPECT_EQ(status.code(), StatusCode::kUnimplemented);
  EXPECT_THAT(status.message(), HasSubstr("layer 1, down: a matrix of type Q8_0 and shape [48, 96] "
                                          "cannot be cut to its columns [0, 48)"));
}

// Slices of block and packed matrices are those of their values.
TEST(MatrixSlice, ValuesStayAsTheyAre) {
  std::vector<float> values(48 * 64);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 97) - 48.0f;
  const tensor::TensorView matrix{tensor::DType::kF32,
                                  {48, 64},
                                  reinterpret_cast<const std::byte*>(values.data()),
                                  values.size() * sizeof(float)};
  OwnedMatrices owned;
  auto check = [&](const tensor::TensorView& whole) {
    std::vector<float> full(64), part(64);
    auto rows = SliceRows(whole, 16, 32);
    auto columns = SliceColumns(whole, 32, 32, owned);
    ASSERT_TRUE(rows.ok() && columns.ok());
    EXPECT_EQ(rows->bytes, *tensor::ByteSize(whole.dtype, {32, 64}));
    EXPECT_EQ(columns->bytes, *tensor::ByteSize(whole.dtype, {48, 32}));
    for (size_t r = 0; r < 48; ++r) {
      ops::DequantizeRow(whole, r, full.data());
      ops::DequantizeRow(*columns, r, part.data());
      EXPECT_TRUE(std::equal(part.begin(), part.begin() + 32, full.begin() + 32));
      if (r < 16) continue;
      ops::DequantizeRow(*rows, r - 16, part.data());
      EXPECT_EQ(part, full);
    }
  };
  check(matrix);
  for (tensor::DType type : {tensor::DType::kQ8_0X16, tensor::DType::kW8X16,
                             tensor::DType::kQ4_0X16, tensor::DType::kF32X16}) {
    SCOPED_TRACE(tensor::Describe(type).name);
    std::vector<std::byte> bytes(*tensor::ByteSize(type, {48, 64}));
    const size_t panel = tensor::PanelBytes(type, 64);
    for (size_t p = 0; p < 3; ++p) tensor::PackPanel(matrix, type, p, bytes.data() + p * panel);
    check({type, {48, 64}, bytes.data(), bytes.size()});
    EXPECT_FALSE(SliceRows({type, {48, 64}, bytes.data(), bytes.size()}, 8, 16).ok());
  }
}

}  // namespace
}  // namespace pano::nn
