// Linear layers divided among ranks: by outputs and by inputs, summed through the communicator.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <thread>

#include "base/random.h"
#include "base/threads.h"
#include "infra/collective/in_process.h"
#include "model/ops/ops.h"

namespace pano::ops {
namespace {

constexpr size_t kRows = 5, kIn = 48, kOut = 12;

std::vector<float> RandomValues(size_t count, uint64_t seed) {
  Random random(seed);
  std::vector<float> values(count);
  for (float& v : values) v = static_cast<float>(random.Normal());
  return values;
}

// A matrix with its bias.
struct Layer {
  std::vector<float> weight, bias;
  size_t out = 0, in = 0;
  Linear Get(ShardSpec shard) const {
    Linear linear;
    linear.weight = {tensor::DType::kF32,
                     {static_cast<int64_t>(out), static_cast<int64_t>(in)},
                     reinterpret_cast<const std::byte*>(weight.data()),
                     weight.size() * sizeof(float)};
    linear.bias = bias;
    linear.shard = shard;
    return linear;
  }
};

Layer Whole() { return {RandomValues(kOut * kIn, 1), RandomValues(kOut, 2), kOut, kIn}; }

// Columns [rank, rank + 1) of `ranks` parts; every rank has the bias.
Layer InputsOf(const Layer& whole, size_t rank, size_t ranks) {
  Layer part{{}, whole.bias, whole.out, whole.in / ranks};
  for (size_t o = 0; o < whole.out; ++o) {
    const auto from = whole.weight.begin() + static_cast<std::ptrdiff_t>(o * whole.in + rank * part.in);
    part.weight.insert(part.weight.end(), from, from + static_cast<std::ptrdiff_t>(part.in));
  }
  return part;
}

// What each rank computes of x by its part of the inputs.
std::vector<std::vector<float>> OnRanks(const Layer& whole, const std::vector<float>& x, int ranks) {
  auto group = collective::CreateInProcessGroup(ranks);
  std::vector<std::vector<float>> out(group.size(), std::vector<float>(kRows * kOut));
  std::vector<std::jthread> threads;
  for (size_t r = 0; r < group.size(); ++r) {
    threads.emplace_back([&, r] {
      const Layer part = InputsOf(whole, r, group.size());
      const Linear linear = part.Get({ShardSpec::Axis::kIn, static_cast<int>(r), ranks});
      ComputePool pool(1);
      auto context = CreateCpuContext(Compute::kF32, pool, group[r].get());
      // A rank's part of the inputs is a view of columns.
      const ConstRows inputs = ConstRows(x.data(), kRows, kIn).Columns(r * part.in, part.in);
      const Status status =
          LinearLayer(*context, linear, inputs, Rows(out[r].data(), kRows, kOut));
      EXPECT_TRUE(status.ok()) << status.ToString();
    });
  }
  threads.clear();
  return out;
}

TEST(ShardedLinear, PartsOfTheInputsAddUpWithTheBiasOnce) {
  const Layer whole = Whole();
  const std::vector<float> x = RandomValues(kRows * kIn, 3);
  ComputePool pool(1);
  auto context = CreateCpuContext(Compute::kF32, pool);
  std::vector<float> want(kRows * kOut);
  ASSERT_TRUE(LinearLayer(*context, whole.Get({}), ConstRows(x.data(), kRows, kIn),
                          Rows(want.data(), kRows, kOut))
                  .ok());
  for (int ranks : {1, 2, 3, 4}) {
    const auto got = OnRanks(whole, x, ranks);
    for (const std::vector<float>& one : got) {
      // Every rank has the same bits.
      EXPECT_EQ(0, std::memcmp(one.data(), got[0].data(), one.size() * sizeof(float)));
    }
    for (size_t i = 0; i < want.size(); ++i) {
      // Sums of 48 products of order one, in another order.
      EXPECT_NEAR(got[0][i], want[i], 48 * 6e-8 * 8) << ranks;
    }
    EXPECT_EQ(OnRanks(whole, x, ranks), got);  // whatever the timing
  }
}

TEST(ShardedLinear, AGroupThatFailedGivesItsStatus) {
  auto group = collective::CreateInProcessGroup(2);
  group[1]->Abort(Status(StatusCode::kUnavailable, "rank 1 left"));
  const Layer part = InputsOf(Whole(), 0, 2);
  const std::vector<float> x = RandomValues(kRows * part.in, 3);
  std::vector<float> y(kRows * kOut);
  ComputePool pool(1);
  auto context = CreateCpuContext(Compute::kF32, pool, group[0].get());
  const Status status = LinearLayer(*context, part.Get({ShardSpec::Axis::kIn, 0, 2}),
                                    ConstRows(x.data(), kRows, part.in),
                                    Rows(y.data(), kRows, kOut));
  EXPECT_EQ(status.message(), "rank 1 left");
}

}  // namespace
}  // namespace pano::ops
