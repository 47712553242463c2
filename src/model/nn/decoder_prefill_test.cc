// What a decoder computes for the tokens of a prompt: keys and values once, in the type that they
// are kept in; the last layer's channels, the final norm and the head for wanted rows alone.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "base/random.h"
#include "base/threads.h"
#include "infra/device/cpu_device.h"
#include "model/nn/decoder.h"
#include "model/nn/testing/random_model.h"
#include "model/ops/cpu/cpu_operators.h"

namespace pano::nn {
namespace {

// The host's operators, which count rows. Confined as they are.
class CountingOperators final : public ops::CpuOperators {
 public:
  struct Counts {
    std::map<const void*, size_t> product_rows;  // by the first weight
    std::map<std::pair<const void*, int64_t>, int> stored;  // by layer and position
    std::vector<ops::KvType> types;  // that were stored
  };
  CountingOperators(Compute compute, Counts& counts)
      : CpuOperators(std::make_shared<device::CpuDevice>(kernels::ActiveCpuMask()), compute),
        counts_(counts) {}

  void MatrixProducts(ops::OpContext& context, ops::ConstRows x,
                      std::span<const ops::MatrixProduct> products) override {
    for (const ops::MatrixProduct& p : products) counts_.product_rows[p.weight->data] += x.rows;
    CpuOperators::MatrixProducts(context, x, products);
  }
  void StoreKv(ops::OpContext& context, std::span<const ops::SequenceRows> sequences,
               ops::ConstRows keys, ops::ConstRows values, const ops::PagedKv& kv) override {
    counts_.types.push_back(kv.type);
    for (const ops::SequenceRows& s : sequences) {
      for (size_t i = 0; i < s.row_count; ++i) {
        ++counts_.stored[{kv.keys, s.first_position + static_cast<int64_t>(i)}];
      }
    }
    CpuOperators::StoreKv(context, sequences, keys, values, kv);
  }

 private:
  Counts& counts_;
};

// A decoder whose operators count, and one sequence.
struct Counted {
  explicit Counted(const ModelConfig& c, KvType kv = KvType::kF16)
      : config(c),
        decoder(c, testing::DrawWeights(c, 1), kv,
                std::make_unique<ops::OpContext>(
                    std::make_unique<CountingOperators>(Compute::kF32, counts), pool)) {
    state = decoder.CreateState(decoder.state_layout().Uniform(4)).value();
    Random random(2);
    for (int i = 0; i < 100; ++i) tokens.push_back(static_cast<TokenId>(random.Below(61)));
  }

  // Tokens [begin, end) with logits from `from` on, all of them.
  std::vector<float> Feed(size_t begin, size_t end, size_t from) {
    SequenceSlice slice;
    slice.tokens = std::span(tokens).subspan(begin, end - begin);
    slice.position = static_cast<int64_t>(begin);
    slice.tables.assign(decoder.state_layout().groups.size(), table);
    slice.logits_from = from - begin;
    EXPECT_TRUE(decoder.Forward({{slice}}, *state, logits).ok());
    return {logits.data(), logits.data() + logits.rows() * logits.vocab()};
  }

  ComputePool pool{2};
  CountingOperators::Counts counts;
  const ModelConfig config;
  Decoder decoder;
  std::unique_ptr<State> state;
  std::vector<TokenId> tokens;
  const std::vector<BlockId> table = {2, 0, 3, 1};
  Logits logits;
};

class DecoderPrefill : public ::testing::TestWithParam<ModelConfig> {};

TEST_P(DecoderPrefill, WantedRowsAreThoseOfAllRowsToTheBit) {
  Counted all(GetParam()), last(GetParam()), pieces(GetParam());
  const std::vector<float> every = all.Feed(0, 100, 0);
  const std::vector<float> one = last.Feed(0, 100, 99);
  const size_t vocab = 61;
  ASSERT_EQ(every.size(), 100 * vocab);
  ASSERT_EQ(one.size(), vocab);
  EXPECT_EQ(std::memcmp(one.data(), &every[99 * vocab], vocab * sizeof(float)), 0);
  // Pieces without logits leave the state that pieces with them do.
  EXPECT_TRUE(pieces.Feed(0, 40, 40).empty());
  EXPECT_TRUE(pieces.Feed(40, 77, 77).empty());
  const std::vector<float> rest = pieces.Feed(77, 100, 95);
  ASSERT_EQ(rest.size(), 5 * vocab);
  EXPECT_EQ(std::memcmp(rest.data(), &every[95 * vocab], rest.size() * sizeof(float)), 0);
}

TEST_P(DecoderPrefill, KeysAndValuesAreWrittenOnceInTheirOwnType) {
  for (const KvType type : {KvType::kF16, KvType::kInt8}) {
    Counted counted(GetParam(), type);
    counted.Feed(0, 64, 64);
    counted.Feed(64, 99, 98);
    counted.Feed(99, 100, 99);
    const auto layers = static_cast<size_t>(GetParam().layer_count);
    EXPECT_EQ(counted.counts.stored.size(), layers * 100);
    for (const auto& [at, times] : counted.counts.stored) EXPECT_EQ(times, 1) << at.second;
    EXPECT_EQ(counted.counts.types, std::vector<ops::KvType>(3 * layers, type));
  }
}

INSTANTIATE_TEST_SUITE_P(Models, DecoderPrefill,
                         ::testing::Values(testing::SmallConfig(), testing::SmallMixture(),
                                           testing::SmallLatent()),
                         [](const auto& one) {
                           return std::string(one.param.latent               ? "Latent"
                                              : one.param.layers[0].experts ? "Mixture"
                                                                            : "Dense");
                         });

TEST(DecoderPrefillRows, OnlyWantedRowsGoThroughTheHeadAndTheLastChannels) {
  Counted counted(testing::SmallConfig());
  counted.Feed(0, 64, 64);
  counted.Feed(64, 100, 99);
  // By how many rows were multiplied: all matrices of the layers with 100, but the last layer's gate, up
  // and down, and the head, with one.
  std::map<size_t, int> matrices;
  for (const auto& [weight, rows] : counted.counts.product_rows) ++matrices[rows];
  EXPECT_EQ(matrices, (std::map<size_t, int>{{1, 3 + 1}, {100, 7 + 4}}));
}

TEST(DecoderPrefillRows, ParallelLayersToo) {
  ModelConfig config = testing::SmallConfig();
  config.parallel = config.shared_norm = true;
  Counted counted(config), all(config);
  counted.Feed(0, 64, 64);
  const std::vector<float> one = counted.Feed(64, 100, 99), every = all.Feed(0, 100, 0);
  EXPECT_EQ(std::memcmp(one.data(), &every[99 * 61], 61 * sizeof(float)), 0);
  size_t least = 100;
  for (const auto& [weight, rows] : counted.counts.product_rows) least = std::min(least, rows);
  EXPECT_EQ(least, 1u);  // the head
}

}  // namespace
}  // namespace pano::nn
