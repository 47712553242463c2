#include "model/kernels/limits/limits.h"

#include <gtest/gtest.h>

#include "model/kernels/testing/isa_test.h"

namespace pano::kernels {
namespace {

using PeaksTest = IsaTest;
TEST_P(PeaksTest, CountWhatTheyDo) {
  const Isa& isa = *GetParam();
  for (auto peak : {isa.float_peak, isa.int8_peak}) {
    const int64_t one = peak(1);
    EXPECT_GT(one, 0);
    EXPECT_EQ(peak(1000), 1000 * one);
  }
}
TEST_P(PeaksTest, OfTilesCountWhatTheyDo) {
  const Isa& isa = *GetParam();
  EXPECT_EQ(isa.tile_int8_peak != nullptr, isa.packed.takes_tiles(tensor::DType::kW8X16));
  EXPECT_EQ(isa.tile_bfloat_peak != nullptr, isa.packed.takes_tiles(tensor::DType::kBF16X16));
  if (!isa.tile_int8_peak) return;
  EXPECT_EQ(isa.tile_int8_peak(10), 10 * 4 * 2 * 16 * 16 * 64);
  EXPECT_EQ(isa.tile_bfloat_peak(10), 10 * 4 * 2 * 16 * 16 * 32);
}
PANO_FOR_EVERY_ISA(PeaksTest);

TEST(LimitsTest, ReadBandwidthOfSmallAndLargeSets) {
  ComputePool pool(2);
  for (const size_t bytes : {size_t{0}, size_t{3} << 20, size_t{130} << 20}) {
    EXPECT_GT(MeasureReadBandwidth(pool, bytes), 1e8) << bytes;
  }
}

TEST(LimitsTest, ByThreadsEndsWithAll) {
  ComputePool pool(2);
  const std::vector<MachineLimits> limits = MeasureLimitsByThreads(pool);
  ASSERT_EQ(limits.size(), 2u);
  for (size_t i = 0; i < limits.size(); ++i) {
    EXPECT_EQ(limits[i].threads, static_cast<int>(i) + 1);
    EXPECT_GT(limits[i].read_bytes_per_second, 1e8);
    EXPECT_GT(limits[i].f32_flop_per_second, 1e8);
    EXPECT_GT(limits[i].int8_op_per_second, 1e8);
  }
}

}  // namespace
}  // namespace pano::kernels
