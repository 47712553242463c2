#include "model/nn/weights/packing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "base/env.h"
#include "base/random.h"
#include "base/testing/known_answers.h"
#include "base/threads.h"
#include "model/format/weights.h"
#include "model/nn/load.h"
#include "model/ops/weights.h"
#include "model/tensor/blocks.h"
#include "model/tensor/packed.h"

namespace pano::nn {
namespace {

using tensor::DType;

struct Matrix {
  std::vector<std::byte> bytes;
  tensor::TensorView view;
};
Matrix Blocks(DType dtype, int64_t rows, int64_t columns) {
  Random random(static_cast<uint64_t>(rows));
  std::vector<float> values(static_cast<size_t>(rows * columns));
  for (float& v : values) v = static_cast<float>(random.Normal());
  Matrix m;
  m.bytes.resize(*tensor::ByteSize(dtype, {rows, columns}));
  tensor::EncoderOf(dtype)(values.data(), values.size(), m.bytes.data());
  m.view = {dtype, {rows, columns}, m.bytes.data(), m.bytes.size()};
  return m;
}
std::vector<float> Dequantised(const tensor::TensorView& view) {
  const auto columns = static_cast<size_t>(view.shape[1]);
  std::vector<float> out(static_cast<size_t>(view.shape[0]) * columns);
  for (size_t r = 0; r < static_cast<size_t>(view.shape[0]); ++r) {
    ops::DequantizeRow(view, r, &out[r * columns]);
  }
  return out;
}

TEST(Packing, ChoosesAPackedTypeForWholeBlocksOnly) {
  EXPECT_EQ(FastType(DType::kQ8_0, 64), DType::kQ8_0X16);
  EXPECT_EQ(FastType(DType::kQ4_K, 512), DType::kQ4_KX16);
  EXPECT_EQ(FastType(DType::kQ5_K, 512), DType::kQ8_0X16);
  EXPECT_EQ(FastType(DType::kQ4_1, 96), DType::kQ8_0X16);
  EXPECT_EQ(FastType(DType::kF16, 7), DType::kF16X16);
  EXPECT_EQ(FastType(DType::kF64, 64), DType::kF64);
  EXPECT_EQ(FastType(DType::kQ4_0X16, 64), DType::kQ4_0X16);
}

TEST(Packing, KeepsTheValuesAndOneCopyOfATiedHead) {
  const Matrix q = Blocks(DType::kQ8_0, 40, 64), up = Blocks(DType::kQ4_0, 24, 64),
               down = Blocks(DType::kQ5_0, 33, 64), head = Blocks(DType::kQ8_0, 50, 64),
               plain = Blocks(DType::kF32, 16, 64);
  DecoderWeights weights;
  weights.layers.resize(2);
  weights.layers[0].q.weight = q.view;
  weights.layers[1].q.weight = q.view;  // shared by two layers
  weights.layers[1].up.weight = up.view;
  weights.layers[1].down.weight = down.view;
  weights.layers[1].o.weight = plain.view;
  weights.head.weight = weights.embedding = head.view;
  ComputePool pool(2);
  double last = 0;
  auto bytes = PackWeights(weights, nullptr, pool, [&](double share) { last = share; });
  ASSERT_TRUE(bytes.ok());
  EXPECT_EQ(last, 1.0);
  EXPECT_EQ(weights.layers[0].q.weight.dtype, DType::kQ8_0X16);
  EXPECT_EQ(weights.layers[0].q.weight.data, weights.layers[1].q.weight.data);
  EXPECT_EQ(weights.head.weight.data, weights.embedding.data);
  EXPECT_EQ(weights.layers[1].o.weight.dtype, DType::kF32X16);
  EXPECT_EQ(Dequantised(weights.layers[1].o.weight), Dequantised(plain.view));
  EXPECT_EQ(Dequantised(weights.layers[1].q.weight), Dequantised(q.view));
  EXPECT_EQ(Dequantised(weights.layers[1].up.weight), Dequantised(up.view));
  EXPECT_EQ(Dequantised(weights.embedding), Dequantised(head.view));
  // Q5_0 has no packed form of its own: its values are rounded to Q8_0's.
  const std::vector<float> want = Dequantised(down.view);
  const std::vector<float> got = Dequantised(weights.layers[1].down.weight);
  for (size_t i = 0; i < want.size(); ++i) ASSERT_NEAR(got[i], want[i], 0.02);
  for (const auto& layer : weights.layers) {
    const auto address = reinterpret_cast<uintptr_t>(layer.q.weight.data);
    EXPECT_EQ(address % tensor::kPackedAlignment, 0u);
  }
}

// A whole model: near the float computation, and the same bits however the sequence is cut.
// A file that remembers what was given back.
class ForgetfulWeights final : public format::Weights {
 public:
  const tensor::TensorView* Find(std::string_view) const override { return nullptr; }
  std::vector<std::string> Names() const override { return {}; }
  size_t FileBytes() const override { return 0; }
  void Forget(std::span<const std::byte> part) const override { parts.push_back(part); }

  mutable std::vector<std::span<const std::byte>> parts;
};

// Loading once peaked at the weights and the largest matrix again, which was given back only when all of it was copied:
// 98 MB of a model with an embedding of 32000 x 768 in 32 bits.
TEST(Packing, GivesALargeMatrixBackWhileItIsCopied) {
  const Matrix small = Blocks(DType::kQ8_0, 40, 64), large = Blocks(DType::kQ8_0, 16 * 5000 + 3, 1024);
  DecoderWeights weights;
  weights.layers.resize(1);
  weights.layers[0].q.weight = small.view;
  weights.head.weight = large.view;
  const ForgetfulWeights files;
  ComputePool pool(2);
  ASSERT_TRUE(PackWeights(weights, &files, pool).ok());
  size_t of_large = 0, end = 0, most = 0;
  for (const auto& part : files.parts) {
    if (part.data() < large.bytes.data() || part.data() > large.bytes.data() + large.bytes.size()) continue;
    const auto begin = static_cast<size_t>(part.data() - large.bytes.data());
    EXPECT_LE(begin, end);   // no gap
    end = std::max(end, begin + part.size());
    most = std::max(most, part.size());
    ++of_large;
  }
  EXPECT_EQ(end, large.bytes.size());
  EXPECT_GT(of_large, 4u);
  EXPECT_LE(most, size_t{5} << 20);
}

TEST(Packing, QuantisedModelIsNearTheFloatOneAndDoesNotDependOnChunks) {
  PANO_KNOWN_ANSWERS(SharedAnswers, answers, PANO_SOURCE_DIR,
                     "weights/stories260K/stories260K-q8_0.gguf");
  auto files = format::OpenModel(answers.path());
  ASSERT_TRUE(files.ok()) << files.error().ToString();
  ComputePool pool(2);
  auto exact = LoadModel(*files, {.compute = Compute::kF32}, pool);
  auto fast = LoadModel(*files, {.compute = Compute::kFast, .kv_type = KvType::kF32}, pool);
  ASSERT_TRUE(exact.ok() && fast.ok());
  std::vector<TokenId> tokens;
  for (TokenId i = 0; i < 100; ++i) tokens.push_back(3 + i * 7 % 500);
  auto run = [&](Model& model, size_t chunk) {
    std::vector<BlockId> table = {0, 1, 2, 3};
    auto state = model.CreateState(model.state_layout().Uniform(4)).value();
    std::vector<float> out;
    Logits logits;
    for (size_t at = 0; at < tokens.size(); at += chunk) {
      SequenceSlice slice;
      slice.tokens = std::span(tokens).subspan(at, std::min(chunk, tokens.size() - at));
      slice.position = static_cast<int64_t>(at);
      slice.tables.assign(model.state_layout().groups.size(), table);
      EXPECT_TRUE(model.Forward({{slice}}, *state, logits).ok());
      out.insert(out.end(), logits.data(), logits.data() + logits.rows() * logits.vocab());
    }
    return out;
  };
  const std::vector<float> want = run(**exact, 100), got = run(**fast, 100);
  double worst = 0, top = 0;
  for (size_t i = 0; i < want.size(); ++i) {
    worst = std::max(worst, static_cast<double>(std::abs(want[i] - got[i])));
    top = std::max(top, static_cast<double>(std::abs(want[i])));
  }
  answers.Compared(want.size());
  EXPECT_LT(worst / top, 0.03);
  EXPECT_GT(worst, 0.0);
  for (size_t chunk : {1, 7, 33}) {
    const std::vector<float> cut = run(**fast, chunk);
    ASSERT_EQ(0, std::memcmp(cut.data(), got.data(), got.size() * sizeof(float))) << chunk;
  }
}

}  // namespace
}  // namespace pano::nn
